-- Reasons for which agents pause, and dispositions that several campaigns and queues share.

create table disposition_group (
    tenant_id bigint not null default cadran_tenant(),
    disposition_group_id bigint generated always as identity,
    name text not null,
    settings jsonb not null,
    rev bigint not null default 1,
    updated_at bigint not null,
    primary key (tenant_id, disposition_group_id),
    unique (tenant_id, name)
);
select confine_to_tenant('disposition_group');

create table pause_reason (
    tenant_id bigint not null default cadran_tenant(),
    pause_reason_id bigint generated always as identity,
    name text not null,
    settings jsonb not null,
    rev bigint not null default 1,
    updated_at bigint not null,
    primary key (tenant_id, pause_reason_id),
    unique (tenant_id, name)
);
select confine_to_tenant('pause_reason');
