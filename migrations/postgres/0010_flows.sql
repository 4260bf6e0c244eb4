-- Inbound settings, for PostgreSQL: flows with their revisions and tests, numbers, queues, opening hours, skills,
-- mailboxes, sounds.
--
-- Documents of flows are kept as the text that was hashed, in one canonical form, so that a hash proves what ran.

create table flow (
    flow_id     bigint generated always as identity primary key,
    name        text not null unique,
    kind        text not null check (kind in ('ivr', 'queue_wait', 'script', 'subflow')),
    draft       text not null,
    live        bigint,
    test        bigint,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

-- A revision never changes. `live` and `test` of its flow point at revisions; moving them is publishing and rolling back.
create table flow_revision (
    flow_id      bigint not null references flow,
    revision     bigint not null,
    document     text not null,
    hash         text not null,
    author       text not null,
    message      text not null,
    report       jsonb not null,
    tests        jsonb not null,
    published_at bigint not null,
    primary key (flow_id, revision)
);

create table flow_test (
    test_id     bigint generated always as identity primary key,
    flow_id     bigint not null references flow on delete cascade,
    name        text not null,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null,
    unique (flow_id, name)
);

-- `name` is the number in E.164; what it leads to is in `settings`.
create table did (
    did_id      bigint generated always as identity primary key,
    name        text not null unique,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

create table queue (
    queue_id    bigint generated always as identity primary key,
    name        text not null unique,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

create table calendar (
    calendar_id bigint generated always as identity primary key,
    name        text not null unique,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

create table skill (
    skill_id    bigint generated always as identity primary key,
    name        text not null unique,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

create table mailbox (
    mailbox_id  bigint generated always as identity primary key,
    name        text not null unique,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

-- What a caller left in a mailbox. `file` lies in the directory of messages. `mail_due_at` is null when nobody is to be
-- told, or has been.
create table message (
    message_id   uuid primary key,
    mailbox_id   bigint not null references mailbox,
    call_id      uuid not null,
    caller       text not null,
    left_at      bigint not null,
    duration     bigint not null,
    file         text not null,
    heard_at     bigint,
    mail_due_at  bigint,
    mail_tries   bigint not null default 0,
    mail_problem text
);
create index message_mailbox on message (mailbox_id, left_at, message_id);
create index message_to_mail on message (mail_due_at) where mail_due_at is not null;

-- A recorded or spoken sound, and its file in each locale.
create table medium (
    medium_id   bigint generated always as identity primary key,
    name        text not null unique,
    rev         bigint not null default 1,
    updated_at  bigint not null
);
create table sound (
    medium_id   bigint not null references medium on delete cascade,
    locale      text not null,
    file        text not null,
    rate        bigint not null,
    duration    bigint not null,
    loudness    bigint not null,
    sha256      text not null,
    spoken      text,
    voice       text,
    primary key (medium_id, locale)
);
