-- What history keeps of callers, for SQLite.

-- A caller's call, answered or not. `path` holds the nodes of the flow that it passed, `waits` its waits in queues.
-- What it names of settings may be gone: history does not hold them back.
create table caller_call (
    call_id      blob primary key,
    did_id       integer,
    trunk_id     integer,
    phone        text,
    flow_id      integer,
    revision     integer,
    path         text not null,
    waits        text not null,
    agent_id     integer references agent,
    arrived_at   integer not null,
    answered_at  integer,
    connected_at integer,
    ended_at     integer not null,
    ended_by     text not null,
    cause_q850   integer not null,
    cause_sip    integer
);
create index caller_call_arrived on caller_call (arrived_at, call_id);
create index caller_call_phone on caller_call (phone, arrived_at);

-- Waits in queues, one row each, for service levels and reports.
create table queue_wait (
    call_id     blob not null references caller_call on delete cascade,
    number      integer not null,
    queue_id    integer not null,
    since       integer not null,
    waited      integer not null,
    outcome     text not null,
    primary key (call_id, number)
);
create index queue_wait_queue on queue_wait (queue_id, since);

-- What agents said of callers' calls, corrections beside the first.
create table caller_disposition (
    call_id     blob not null,
    said_at     integer not null,
    agent_id    integer not null references agent,
    queue_id    integer not null,
    code        text not null,
    note        text not null,
    primary key (call_id, said_at)
);

-- Marks that flows put on calls.
create table call_tag (
    call_id     blob not null,
    label       text not null,
    is_outcome  boolean not null,
    primary key (call_id, label, is_outcome)
);

-- Answers of surveys.
create table survey_answer (
    call_id     blob not null,
    survey      text not null,
    question    text not null,
    answer      text not null,
    answered_at integer not null,
    primary key (call_id, survey, question)
);
create index survey_answer_survey on survey_answer (survey, answered_at);

-- Promises to callers to call them back.
create table caller_callback (
    call_id     blob primary key,
    queue_id    integer not null,
    phone       text not null,
    due_at      integer not null,
    booked_at   integer not null,
    state       text not null default 'open' check (state in ('open', 'kept', 'withdrawn'))
);
create index caller_callback_due on caller_callback (queue_id, due_at) where state = 'open';
