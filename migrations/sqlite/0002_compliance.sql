-- Compliance, for SQLite: sellers, persons, what people have allowed and refused, registers, and every decision.
--
-- A person is a set of telephone numbers: whatever is known of a person is known of one of their numbers, so that two
-- sets that turn out to be one need nothing but one set.

-- On whose behalf people are called. Subcontractors share a seller's caps, because its calls are counted here.
create table seller (
    seller_id    integer primary key autoincrement,
    name         text not null unique,
    registration text not null,
    rev          integer not null default 1,
    updated_at   integer not null
);

create table person (
    person_id   integer primary key autoincrement,
    created_at  integer not null
);
create table person_phone (
    phone       text primary key,
    person_id   integer not null references person
);
create index person_phones on person_phone (person_id);

-- What somebody has allowed. A row is never removed: taking a consent back stamps it.
create table consent (
    consent_id   integer primary key autoincrement,
    seller_id    integer not null references seller,
    phone        text not null,
    purpose      text not null,
    text_version text not null,
    channel      text not null,
    evidence     text not null,
    hours_waiver boolean not null,
    written      boolean not null,
    given_at     integer not null,
    expires_at   integer,
    revoked_at   integer,
    revoked_by   text,
    recorded_by  text not null,
    recorded_at  integer not null
);
create index consent_phone on consent (phone);

-- A contract, a purchase or an enquiry that ties somebody to a seller.
create table relationship (
    relationship_id integer primary key autoincrement,
    seller_id    integer not null references seller,
    phone        text not null,
    kind         text not null check (kind in ('contract', 'inquiry', 'purchase')),
    related      boolean not null,
    reference    text not null,
    began_at     integer not null,
    ended_at     integer,
    recorded_by  text not null,
    recorded_at  integer not null
);
create index relationship_phone on relationship (phone);

-- Somebody did not want a seller's call. One for each call; a correction of the agent's word withdraws it.
create table refusal (
    call_id      blob primary key references attempt (call_id),
    phone        text not null,
    seller_id    integer references seller,
    campaign_id  integer not null references campaign,
    said_at      integer not null,
    withdrawn_at integer
);
create index refusal_phone on refusal (phone);

-- A public do-not-call register, and the last comparison with it that is complete.
create table register (
    register_id  integer primary key autoincrement,
    name         text not null unique,
    scrub_id     integer,
    updated_at   integer not null
);
create table register_scrub (
    scrub_id     integer primary key autoincrement,
    register_id  integer not null references register on delete cascade,
    version      text not null,
    checked_at   integer not null,
    entries      integer not null default 0,
    state        text not null check (state in ('running', 'current', 'replaced')),
    created_by   text not null,
    created_at   integer not null
);
-- Listed numbers, as SHA-256 of their E.164 form.
create table register_entry (
    scrub_id     integer not null references register_scrub on delete cascade,
    digest       text not null,
    primary key (scrub_id, digest)
);

-- The rule packs of a decision, once for all decisions that were made by the same ones.
create table pack_set (
    digest       text primary key,
    packs        text not null,
    first_used_at integer not null
);

-- Every dial that was allowed, and every refusal once for a lead, a reason and a day (`times` counts the others).
create table dial_decision (
    dial_decision_id integer primary key autoincrement,
    attempt_id   blob unique references attempt on delete cascade,
    lead_id      integer not null references lead on delete cascade,
    campaign_id  integer not null references campaign,
    seller_id    integer references seller,
    person_id    integer,
    phone_digest text not null,
    mode         text not null,
    caller_id    text,
    pack_set     text not null references pack_set,
    inputs       text not null,
    stage        text not null check (stage in ('attempt', 'claim')),
    reason       text,
    rule_id      text,
    until        integer,
    day          integer not null,
    at           integer not null,
    last_at      integer not null,
    times        integer not null default 1,
    check ((reason is null) = (attempt_id is not null)),
    unique (lead_id, day, reason)
);
create index dial_decision_phone on dial_decision (phone_digest, at);
create index dial_decision_campaign on dial_decision (campaign_id, at);

-- What became of an answered call, or of one that was given up, in the eyes of the law.
create table abandonment (
    attempt_id   blob primary key references attempt on delete cascade,
    campaign_id  integer not null references campaign,
    phone        text not null,
    at           integer not null,
    live         boolean not null,
    abandoned    boolean not null,
    silent       boolean not null,
    message      boolean not null,
    violations   text not null,
    block_until  integer
);
create index abandonment_campaign on abandonment (campaign_id, at);

-- No campaign calls until somebody has said on whose behalf, to what end and on which legal basis.
update campaign set state = 'paused' where state = 'running';
-- The settings name the seller too; the column is for references, and for this check.
alter table campaign add column seller_id integer references seller
    check (state <> 'running' or seller_id is not null);
-- What has a column of its own is no longer repeated in the settings.
update campaign set settings = json_remove(settings, '$.id', '$.state');

alter table attempt add column seller_id integer references seller;
alter table attempt add column subject text;

-- When the message began that people hear for whom no agent was there in time.
alter table call add column message_at integer;

alter table do_not_call add column seller_id integer references seller on delete cascade;
drop index do_not_call_once;
create unique index do_not_call_once on do_not_call (phone, coalesce(campaign_id, 0), coalesce(seller_id, 0));

-- Why the law keeps a lead from being dialled; `forbidden` is for good. SQLite cannot change a check, so the table is
-- built again. Rows that name a lead are looked at when all is done (https://sqlite.org/foreignkeys.html §4.2).
pragma defer_foreign_keys = on;
create table lead_before as select * from lead;
delete from lead;
drop table lead;
create table lead (
    lead_id       integer primary key autoincrement,
    list_id       integer not null references list on delete cascade,
    campaign_id   integer not null references campaign,
    import_id     integer references import on delete set null,
    phone         text not null,
    alternates    text not null,
    next_phone    integer not null default 0,
    name          text not null,
    zone          text not null,
    fields        text not null,
    priority      integer not null,
    state         text not null check (state in ('waiting', 'claimed', 'in_attempt', 'done')),
    done_reason   text check (done_reason in ('disposition', 'do_not_call', 'forbidden', 'outcome', 'withdrawn')),
    due_at        integer not null,
    callback      boolean not null default false,
    claimed_by    text,
    claimed_until integer,
    created_at    integer not null,
    updated_at    integer not null,
    held_because  text,
    unique (list_id, phone),
    check ((state = 'done') = (done_reason is not null)),
    check ((state in ('claimed', 'in_attempt')) = (claimed_by is not null))
);
insert into lead (
    lead_id, list_id, campaign_id, import_id, phone, alternates, next_phone, name, zone, fields, priority, state,
    done_reason, due_at, callback, claimed_by, claimed_until, created_at, updated_at)
select
    lead_id, list_id, campaign_id, import_id, phone, alternates, next_phone, name, zone, fields, priority, state,
    done_reason, due_at, callback, claimed_by, claimed_until, created_at, updated_at
from lead_before;
drop table lead_before;
create index lead_in_dialling_order on lead (campaign_id, callback desc, priority desc, due_at, lead_id)
    where state = 'waiting';
create index lead_due on lead (campaign_id, due_at) where state = 'waiting';
create index lead_claimed on lead (campaign_id, claimed_until) where claimed_by is not null;
create index lead_phone on lead (phone);
create index lead_list on lead (list_id, lead_id);
