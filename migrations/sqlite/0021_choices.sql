-- Reasons for which agents pause, and dispositions that several campaigns and queues share.

create table disposition_group (
    disposition_group_id integer primary key autoincrement,
    name text not null unique,
    settings text not null,
    rev integer not null default 1,
    updated_at integer not null
);

create table pause_reason (
    pause_reason_id integer primary key autoincrement,
    name text not null unique,
    settings text not null,
    rev integer not null default 1,
    updated_at integer not null
);
