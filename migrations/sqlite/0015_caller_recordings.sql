-- Calls of callers are recorded too: a recording need not belong to an attempt any more, and then says itself whose it
-- is. A customer whom a campaign called and an agent sent on is a caller from there on, of whom `before_call` tells.

pragma defer_foreign_keys = on;
create table recording_14 as select * from recording;
drop table recording;
create table recording (
    call_id         blob not null,
    part            integer not null,
    started_at      integer not null,
    state           text not null check (state in ('open', 'verified', 'truncated', 'failed')),
    path            text,
    bytes           integer,
    duration        integer,
    reason          text,
    expected        integer,
    campaign_id     integer references campaign,
    agent_id        integer references agent,
    archive         text not null default 'none'
        check (archive in ('none', 'waiting', 'stored', 'done', 'deleting', 'deleted')),
    archive_due_at  integer not null default 0,
    archive_tries   integer not null default 0,
    archive_problem text,
    hold_reason     text,
    held_by         text,
    held_at         integer,
    holder          text,
    queue_id        integer,
    caller_phone    text,
    primary key (call_id, part),
    check ((state in ('verified', 'truncated')) = (path is not null)),
    check ((state = 'failed') = (reason is not null))
);
insert into recording select recording_14.*, (select holder from attempt
    where attempt.call_id = recording_14.call_id), null, null from recording_14;
drop table recording_14;
create index recording_open on recording (call_id) where state = 'open';
create index recording_started on recording (started_at, call_id, part);
create index recording_campaign on recording (campaign_id, started_at, call_id, part);
create index recording_agent on recording (agent_id, started_at, call_id, part);
create index recording_queue on recording (queue_id, started_at, call_id, part) where queue_id is not null;
create index recording_duration on recording (duration, call_id, part);
create index recording_state on recording (state, started_at, call_id, part) where state <> 'verified';
create index recording_held on recording (started_at, call_id, part) where hold_reason is not null;
create index recording_to_archive on recording (archive_due_at) where archive in ('waiting', 'stored', 'deleting');

alter table caller_call add column before_call blob;
