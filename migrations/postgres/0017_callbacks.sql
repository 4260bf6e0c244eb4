-- Callbacks to callers are made: by the daemon of `holder`, at the place in the queue that was kept or at a moment, and
-- again a few times where nobody was reached.

alter table caller_callback add column holder text;
alter table caller_callback add column did_id bigint;
-- The agent who promised it; null when the caller booked it.
alter table caller_callback add column agent_id bigint;
-- Since when they wait, with which priority, and what the agent must know.
alter table caller_callback add column place jsonb;
alter table caller_callback add column tries bigint not null default 0;
-- The call in which both spoke.
alter table caller_callback add column kept_by uuid;
-- When it came to stand as it does, and the account that wanted it so.
alter table caller_callback add column changed_at bigint;
alter table caller_callback add column changed_by bigint;
create index caller_callback_holder on caller_callback (tenant_id, holder, due_at) where state = 'open';
