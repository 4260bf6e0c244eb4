-- What becomes of a recording after the call: files that are kept, gaps, legal holds, and proofs of deletion.
--
-- `campaign_id` repeats the attempt's and `agent_id` the call's, so that a search reads one index.
-- `archive`: `none` while there is no file, then `waiting` for the archive, `stored` while the WAV of the recordings
-- directory is still to be removed, `done`; `deleting` from the decision until the last file is gone, then `deleted`.

alter table recording add column campaign_id integer references campaign;
alter table recording add column agent_id integer references agent;
alter table recording add column archive text not null default 'none'
    check (archive in ('none', 'waiting', 'stored', 'done', 'deleting', 'deleted'));
alter table recording add column archive_due_at integer not null default 0;
alter table recording add column archive_tries integer not null default 0;
alter table recording add column archive_problem text;
alter table recording add column hold_reason text;
alter table recording add column held_by text;
alter table recording add column held_at integer;

update recording set
    campaign_id = (select campaign_id from attempt where attempt.call_id = recording.call_id),
    agent_id = (select coalesce(call.agent_id, attempt.agent_id) from attempt
        left join call on call.call_id = attempt.call_id where attempt.call_id = recording.call_id),
    archive = case when path is null then 'none' else 'waiting' end;

drop index recording_started;
create index recording_started on recording (started_at, call_id, part);
create index recording_campaign on recording (campaign_id, started_at, call_id, part);
create index recording_agent on recording (agent_id, started_at, call_id, part);
create index recording_duration on recording (duration, call_id, part);
create index recording_state on recording (state, started_at, call_id, part) where state <> 'verified';
create index recording_held on recording (started_at, call_id, part) where hold_reason is not null;
create index recording_to_archive on recording (archive_due_at) where archive in ('waiting', 'stored', 'deleting');

-- A file that is kept of a recording. `bytes` and `sha256` are of the file itself, before it is sealed with `key_name`.
-- `problem` is what was found at `checked_at`, when it was not what was kept.
create table recording_file (
    call_id     blob not null,
    part        integer not null,
    kind        text not null check (kind in ('opus', 'waveform', 'wav')),
    place       text not null check (place in ('bucket', 'disk')),
    name        text not null,
    bytes       integer not null,
    sha256      text not null,
    key_name    text,
    stored_at   integer not null,
    checked_at  integer not null,
    problem     text,
    primary key (call_id, part, kind),
    foreign key (call_id, part) references recording
);
create index recording_file_checked on recording_file (checked_at);

-- Silence on purpose. A gap without an end lasted until the recording ended.
create table recording_gap (
    call_id     blob not null,
    part        integer not null,
    began_at    integer not null,
    ended_at    integer,
    reason      text not null,
    primary key (call_id, part, began_at),
    foreign key (call_id, part) references recording
);

-- That a recording was to be deleted, by which rule or on whose word, and since when it is gone: the proof. `sha256`
-- and `bytes` are those of the file that was played; backups may hold it until `backups_until`.
create table recording_deletion (
    call_id       blob not null,
    part          integer not null,
    asked_at      integer not null,
    deleted_at    integer,
    rule          text,
    reason        text not null,
    asked_by      text,
    sha256        text,
    bytes         integer,
    backups_until integer,
    primary key (call_id, part),
    foreign key (call_id, part) references recording
);
create index recording_deletion_asked on recording_deletion (asked_at, call_id, part);
