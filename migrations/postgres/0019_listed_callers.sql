-- Numbers of callers that flows tell apart: `block`, `vip` and `fraud` are those of the checks of these names, and a node
-- may name another list.

create table listed_caller (
    tenant_id           bigint not null default cadran_tenant(),
    listed_caller_id    bigint generated always as identity,
    list                text not null,
    phone               text not null,
    note                text not null,
    added_by            text not null,
    added_at            bigint not null,
    primary key (tenant_id, listed_caller_id),
    unique (tenant_id, phone, list)
);
select confine_to_tenant('listed_caller');
