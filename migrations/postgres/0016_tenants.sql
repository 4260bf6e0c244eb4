-- Tenants, for PostgreSQL: every row belongs to one, and a connection sees the rows of the tenant that it was opened for.
--
-- A connection says whose it is by the setting `cadran.tenant`; one that does not say sees nothing and writes nothing.
-- Every key and every reference has the tenant in it, because the database checks those past row-level security: with
-- the tenant in them no row can name another tenant's, nor tell by a refusal that it is there. All rows that were here
-- before belong to the first tenant.

-- Whoever looks after the installation, and sees nothing of what tenants have. Only the first tenant has the role.
insert into role (name, rights, updated_at) values ('platform_admin', '["manage_tenants"]', 0) on conflict do nothing;

create table tenant (
    tenant_id   bigint generated always as identity primary key,
    slug        text not null unique check (slug ~ '^[a-z][a-z0-9-]{0,19}$'),
    name        text not null,
    state       text not null check (state in ('active', 'suspended')),
    rev         bigint not null default 1,
    created_at  bigint not null,
    updated_at  bigint not null
);
insert into tenant (slug, name, state, created_at, updated_at) values ('main', 'main', 'active', 0, 0);

-- The names of hosts at which a tenant is found.
create table tenant_host (
    host        text primary key,
    tenant_id   bigint not null references tenant on delete cascade
);
create index tenant_host_tenant on tenant_host (tenant_id);

-- The tenant that this connection is for; null when it does not say.
create function cadran_tenant() returns bigint language sql stable parallel safe
    as $$ select nullif(current_setting('cadran.tenant', true), '')::bigint $$;

-- What a connection of a tenant acts as when the program's own account is above row-level security. It belongs to the
-- server and not to this database: another installation may have made it already, at this very moment.
do $$ begin
    create role cadran_tenant nologin nosuperuser nobypassrls;
exception
    when duplicate_object or unique_violation then null;
    -- An account that may not make roles is not above row-level security either, and needs none.
    when insufficient_privilege then null;
end $$;
do $$ begin
    if exists (select from pg_roles where rolname = current_user and rolbypassrls and not rolsuper) then
        execute format('grant cadran_tenant to %I', current_user);
    end if;
end $$;

-- Confines the rows of a table that has a `tenant_id`. Each migration that adds such a table calls it.
create function confine_to_tenant(confined regclass) returns void language plpgsql as $$ begin
    execute format('alter table %s alter column tenant_id set default cadran_tenant()', confined);
    execute format('create policy tenant on %s using (tenant_id = cadran_tenant())
        with check (tenant_id = cadran_tenant())', confined);
    execute format('alter table %s enable row level security, force row level security', confined);
    if exists (select from pg_roles where rolname = 'cadran_tenant') then
        execute format('grant select, insert, update, delete on %s to cadran_tenant', confined);
    end if;
end $$;

do $$
declare
    of_tenants regclass[] := array(select c.oid::regclass from pg_class c where c.relkind = 'r'
        and c.relnamespace = current_schema()::regnamespace
        and c.relname not in ('_sqlx_migrations', 'tenant', 'tenant_host') order by c.relname);
    one record;
begin
    -- The columns of keys and references, as they are written.
    create temporary table key_kept on commit drop as
        select k.conrelid::regclass as child, k.conname, k.contype, k.confrelid::regclass as parent, k.confdeltype,
            (select string_agg(quote_ident(a.attname), ', ' order by n)
                from unnest(k.conkey) with ordinality as wanted (number, n)
                join pg_attribute a on a.attrelid = k.conrelid and a.attnum = number) as columns,
            (select string_agg(quote_ident(a.attname), ', ' order by n)
                from unnest(k.confkey) with ordinality as wanted (number, n)
                join pg_attribute a on a.attrelid = k.confrelid and a.attnum = number) as parent_columns
        from pg_constraint k where k.contype in ('p', 'u', 'f') and k.conrelid = any (of_tenants);
    create temporary table index_kept on commit drop as
        select i.indexrelid::regclass as name, pg_get_indexdef(i.indexrelid) as definition
        from pg_index i where i.indrelid = any (of_tenants)
            and not exists (select from pg_constraint k where k.conindid = i.indexrelid);

    for one in select * from key_kept where contype = 'f' loop
        execute format('alter table %s drop constraint %I', one.child, one.conname);
    end loop;
    for one in select unnest(of_tenants) as name loop
        execute format('alter table %s add column tenant_id bigint not null default 1', one.name);
    end loop;
    for one in select *, case contype when 'p' then 'primary key' else 'unique' end as kind
        from key_kept where contype in ('p', 'u') loop
        execute format('alter table %s drop constraint %I, add constraint %I %s (tenant_id, %s)',
            one.child, one.conname, one.conname, one.kind, one.columns);
    end loop;
    for one in select * from index_kept loop
        execute format('drop index %s', one.name);
        execute replace(one.definition, ' USING btree (', ' USING btree (tenant_id, ');
    end loop;
    for one in select *, case confdeltype when 'c' then ' on delete cascade'
        when 'n' then format(' on delete set null (%s)', columns) else '' end as fate
        from key_kept where contype = 'f' loop
        execute format('alter table %s add constraint %I foreign key (tenant_id, %s) references %s (tenant_id, %s)%s',
            one.child, one.conname, one.columns, one.parent, one.parent_columns, one.fate);
    end loop;
    for one in select unnest(of_tenants) as name loop
        perform confine_to_tenant(one.name);
    end loop;
    if exists (select from pg_roles where rolname = 'cadran_tenant') then
        execute format('grant usage on schema %I to cadran_tenant', current_schema());
        execute 'grant select on dialled_list to cadran_tenant';
    end if;
end $$;

-- A view looks with the eyes of whoever asks, and not of whoever made it.
alter view dialled_list set (security_invoker = true);
