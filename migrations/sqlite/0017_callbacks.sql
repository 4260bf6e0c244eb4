-- Callbacks to callers are made: by the daemon of `holder`, at the place in the queue that was kept or at a moment, and
-- again a few times where nobody was reached.

alter table caller_callback add column holder text;
alter table caller_callback add column did_id integer;
-- The agent who promised it; null when the caller booked it.
alter table caller_callback add column agent_id integer;
-- Since when they wait, with which priority, and what the agent must know.
alter table caller_callback add column place text;
alter table caller_callback add column tries integer not null default 0;
-- The call in which both spoke.
alter table caller_callback add column kept_by blob;
-- When it came to stand as it does, and the account that wanted it so.
alter table caller_callback add column changed_at integer;
alter table caller_callback add column changed_by integer;
create index caller_callback_holder on caller_callback (holder, due_at) where state = 'open';
