-- What history keeps of callers, for PostgreSQL.

-- A caller's call, answered or not. `path` holds the nodes of the flow that it passed, `waits` its waits in queues.
-- What it names of settings may be gone: history does not hold them back.
create table caller_call (
    call_id      uuid primary key,
    did_id       bigint,
    trunk_id     bigint,
    phone        text,
    flow_id      bigint,
    revision     bigint,
    path         jsonb not null,
    waits        jsonb not null,
    agent_id     bigint references agent,
    arrived_at   bigint not null,
    answered_at  bigint,
    connected_at bigint,
    ended_at     bigint not null,
    ended_by     text not null,
    cause_q850   bigint not null,
    cause_sip    bigint
);
create index caller_call_arrived on caller_call (arrived_at, call_id);
create index caller_call_phone on caller_call (phone, arrived_at);

-- Waits in queues, one row each, for service levels and reports.
create table queue_wait (
    call_id     uuid not null references caller_call on delete cascade,
    number      bigint not null,
    queue_id    bigint not null,
    since       bigint not null,
    waited      bigint not null,
    outcome     text not null,
    primary key (call_id, number)
);
create index queue_wait_queue on queue_wait (queue_id, since);

-- What agents said of callers' calls, corrections beside the first.
create table caller_disposition (
    call_id     uuid not null,
    said_at     bigint not null,
    agent_id    bigint not null references agent,
    queue_id    bigint not null,
    code        text not null,
    note        text not null,
    primary key (call_id, said_at)
);

-- Marks that flows put on calls.
create table call_tag (
    call_id     uuid not null,
    label       text not null,
    is_outcome  boolean not null,
    primary key (call_id, label, is_outcome)
);

-- Answers of surveys.
create table survey_answer (
    call_id     uuid not null,
    survey      text not null,
    question    text not null,
    answer      jsonb not null,
    answered_at bigint not null,
    primary key (call_id, survey, question)
);
create index survey_answer_survey on survey_answer (survey, answered_at);

-- Promises to callers to call them back.
create table caller_callback (
    call_id     uuid primary key,
    queue_id    bigint not null,
    phone       text not null,
    due_at      bigint not null,
    booked_at   bigint not null,
    state       text not null default 'open' check (state in ('open', 'kept', 'withdrawn'))
);
create index caller_callback_due on caller_callback (queue_id, due_at) where state = 'open';
