-- Inbound settings: flows with their revisions and tests, numbers, queues, opening hours, skills, mailboxes, sounds.
--
-- Documents of flows are kept as the text that was hashed, in one canonical form, so that a hash proves what ran.

create table flow (
    flow_id     integer primary key autoincrement,
    name        text not null unique,
    kind        text not null check (kind in ('ivr', 'queue_wait', 'script', 'subflow')),
    draft       text not null,
    live        integer,
    test        integer,
    rev         integer not null default 1,
    updated_at  integer not null
);

-- A revision never changes. `live` and `test` of its flow point at revisions; moving them is publishing and rolling back.
create table flow_revision (
    flow_id      integer not null references flow,
    revision     integer not null,
    document     text not null,
    hash         text not null,
    author       text not null,
    message      text not null,
    report       text not null,
    tests        text not null,
    published_at integer not null,
    primary key (flow_id, revision)
);

create table flow_test (
    test_id     integer primary key autoincrement,
    flow_id     integer not null references flow on delete cascade,
    name        text not null,
    settings    text not null,
    rev         integer not null default 1,
    updated_at  integer not null,
    unique (flow_id, name)
);

-- `name` is the number in E.164; what it leads to is in `settings`.
create table did (
    did_id      integer primary key autoincrement,
    name        text not null unique,
    settings    text not null,
    rev         integer not null default 1,
    updated_at  integer not null
);

create table queue (
    queue_id    integer primary key autoincrement,
    name        text not null unique,
    settings    text not null,
    rev         integer not null default 1,
    updated_at  integer not null
);

create table calendar (
    calendar_id integer primary key autoincrement,
    name        text not null unique,
    settings    text not null,
    rev         integer not null default 1,
    updated_at  integer not null
);

create table skill (
    skill_id    integer primary key autoincrement,
    name        text not null unique,
    settings    text not null,
    rev         integer not null default 1,
    updated_at  integer not null
);

create table mailbox (
    mailbox_id  integer primary key autoincrement,
    name        text not null unique,
    settings    text not null,
    rev         integer not null default 1,
    updated_at  integer not null
);

-- What a caller left in a mailbox. `file` lies in the directory of messages. `mail_due_at` is null when nobody is to be
-- told, or has been.
create table message (
    message_id   blob primary key,
    mailbox_id   integer not null references mailbox,
    call_id      blob not null,
    caller       text not null,
    left_at      integer not null,
    duration     integer not null,
    file         text not null,
    heard_at     integer,
    mail_due_at  integer,
    mail_tries   integer not null default 0,
    mail_problem text
);
create index message_mailbox on message (mailbox_id, left_at, message_id);
create index message_to_mail on message (mail_due_at) where mail_due_at is not null;

-- A recorded or spoken sound, and its file in each locale.
create table medium (
    medium_id   integer primary key autoincrement,
    name        text not null unique,
    rev         integer not null default 1,
    updated_at  integer not null
);
create table sound (
    medium_id   integer not null references medium on delete cascade,
    locale      text not null,
    file        text not null,
    rate        integer not null,
    duration    integer not null,
    loudness    integer not null,
    sha256      text not null,
    spoken      text,
    voice       text,
    primary key (medium_id, locale)
);
