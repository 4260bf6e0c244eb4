-- Calls of callers are recorded too: a recording need not belong to an attempt any more, and then says itself whose it
-- is. A customer whom a campaign called and an agent sent on is a caller from there on, of whom `before_call` tells.

alter table recording drop constraint recording_call_id_fkey;
alter table recording add column holder text;
alter table recording add column queue_id bigint;
alter table recording add column caller_phone text;
update recording set holder = (select holder from attempt where attempt.call_id = recording.call_id);
create index recording_queue on recording (queue_id, started_at, call_id, part) where queue_id is not null;

alter table caller_call add column before_call uuid;
