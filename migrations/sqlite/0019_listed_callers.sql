-- Numbers of callers that flows tell apart: `block`, `vip` and `fraud` are those of the checks of these names, and a node
-- may name another list.

create table listed_caller (
    listed_caller_id    integer primary key,
    list                text not null,
    phone               text not null,
    note                text not null,
    added_by            text not null,
    added_at            integer not null,
    unique (phone, list)
);
