-- Tenants, for SQLite: each has a file of its own, and the first tenant's file holds the list of them. In the files of
-- the others the list stays empty but for its first line.

create table tenant (
    tenant_id   integer primary key,
    slug        text not null unique check (slug glob '[a-z]*' and slug not glob '*[^a-z0-9-]*' and length(slug) <= 20),
    name        text not null,
    state       text not null check (state in ('active', 'suspended')),
    rev         integer not null default 1,
    created_at  integer not null,
    updated_at  integer not null
);
insert into tenant (slug, name, state, created_at, updated_at) values ('main', 'main', 'active', 0, 0);

-- The names of hosts at which a tenant is found.
create table tenant_host (
    host        text primary key,
    tenant_id   integer not null references tenant on delete cascade
);
create index tenant_host_tenant on tenant_host (tenant_id);

-- Whoever looks after the installation, and sees nothing of what tenants have. Only the first tenant has the role.
insert into role (name, rights, updated_at) values ('platform_admin', '["manage_tenants"]', 0) on conflict do nothing;
