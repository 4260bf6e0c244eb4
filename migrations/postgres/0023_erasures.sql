-- Persons who were erased. Of their numbers digests stay (SHA-256 of the E.164 form, as registers have them), so that
-- nobody brings them back. `erased_phone_id` makes the number that stands where the person's stood.

create table erasure (
    tenant_id       bigint not null default cadran_tenant(),
    erasure_id      uuid not null,
    at              bigint not null,
    -- The login of who wanted it; null when it was done again after a backup had brought the person back.
    asked_by        text,
    reason          text not null,
    counts          jsonb not null,
    primary key (tenant_id, erasure_id)
);
select confine_to_tenant('erasure');

create table erased_phone (
    tenant_id       bigint not null default cadran_tenant(),
    erased_phone_id bigint generated always as identity,
    erasure_id      uuid not null,
    digest          text not null,
    primary key (tenant_id, erased_phone_id),
    foreign key (tenant_id, erasure_id) references erasure (tenant_id, erasure_id)
);
select confine_to_tenant('erased_phone');
create index erased_phone_digest on erased_phone (tenant_id, digest);
create index erased_phone_erasure on erased_phone (tenant_id, erasure_id);

create index recording_caller on recording (tenant_id, caller_phone) where caller_phone is not null;
