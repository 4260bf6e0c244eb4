-- Callbacks to callers are made: by the daemon of `holder`, at the place in the queue that was kept or at a moment, and
-- again a few times where nobody was reached.

alter table caller_callback add column holder text;
alter table caller_callback add column place_since integer;
alter table caller_callback add column place_priority integer;
alter table caller_callback add column tries integer not null default 0;
alter table caller_callback add column kept_by blob;
alter table caller_callback add column changed_at integer;
create index caller_callback_holder on caller_callback (holder, due_at) where state = 'open';
