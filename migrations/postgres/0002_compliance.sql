-- Compliance, for PostgreSQL: sellers, persons, what people have allowed and refused, registers, and every decision.
--
-- A person is a set of telephone numbers: whatever is known of a person is known of one of their numbers, so that two
-- sets that turn out to be one need nothing but one set.

-- On whose behalf people are called. Subcontractors share a seller's caps, because its calls are counted here.
create table seller (
    seller_id    bigint generated always as identity primary key,
    name         text not null unique,
    registration text not null,
    rev          bigint not null default 1,
    updated_at   bigint not null
);

create table person (
    person_id   bigint generated always as identity primary key,
    created_at  bigint not null
);
create table person_phone (
    phone       text primary key,
    person_id   bigint not null references person
);
create index person_phones on person_phone (person_id);

-- What somebody has allowed. A row is never removed: taking a consent back stamps it.
create table consent (
    consent_id   bigint generated always as identity primary key,
    seller_id    bigint not null references seller,
    phone        text not null,
    purpose      text not null,
    text_version text not null,
    channel      text not null,
    evidence     text not null,
    hours_waiver boolean not null,
    written      boolean not null,
    given_at     bigint not null,
    expires_at   bigint,
    revoked_at   bigint,
    revoked_by   text,
    recorded_by  text not null,
    recorded_at  bigint not null
);
create index consent_phone on consent (phone);

-- A contract, a purchase or an enquiry that ties somebody to a seller.
create table relationship (
    relationship_id bigint generated always as identity primary key,
    seller_id    bigint not null references seller,
    phone        text not null,
    kind         text not null check (kind in ('contract', 'inquiry', 'purchase')),
    related      boolean not null,
    reference    text not null,
    began_at     bigint not null,
    ended_at     bigint,
    recorded_by  text not null,
    recorded_at  bigint not null
);
create index relationship_phone on relationship (phone);

-- Somebody did not want a seller's call. One for each call; a correction of the agent's word withdraws it.
create table refusal (
    call_id      uuid primary key references attempt (call_id),
    phone        text not null,
    seller_id    bigint references seller,
    campaign_id  bigint not null references campaign,
    said_at      bigint not null,
    withdrawn_at bigint
);
create index refusal_phone on refusal (phone);

-- A public do-not-call register, and the last comparison with it that is complete.
create table register (
    register_id  bigint generated always as identity primary key,
    name         text not null unique,
    scrub_id     bigint,
    updated_at   bigint not null
);
create table register_scrub (
    scrub_id     bigint generated always as identity primary key,
    register_id  bigint not null references register on delete cascade,
    version      text not null,
    checked_at   bigint not null,
    entries      bigint not null default 0,
    state        text not null check (state in ('running', 'current', 'replaced')),
    created_by   text not null,
    created_at   bigint not null
);
-- Listed numbers, as SHA-256 of their E.164 form.
create table register_entry (
    scrub_id     bigint not null references register_scrub on delete cascade,
    digest       text not null,
    primary key (scrub_id, digest)
);

-- The rule packs of a decision, once for all decisions that were made by the same ones.
create table pack_set (
    digest       text primary key,
    packs        jsonb not null,
    first_used_at bigint not null
);

-- Every dial that was allowed, and every refusal once for a lead, a reason and a day (`times` counts the others).
create table dial_decision (
    dial_decision_id bigint generated always as identity primary key,
    attempt_id   uuid unique references attempt on delete cascade,
    lead_id      bigint not null references lead on delete cascade,
    campaign_id  bigint not null references campaign,
    seller_id    bigint references seller,
    person_id    bigint,
    phone_digest text not null,
    mode         text not null,
    caller_id    text,
    pack_set     text not null references pack_set,
    inputs       text not null,
    stage        text not null check (stage in ('attempt', 'claim')),
    reason       text,
    rule_id      text,
    until        bigint,
    day          bigint not null,
    at           bigint not null,
    last_at      bigint not null,
    times        bigint not null default 1,
    check ((reason is null) = (attempt_id is not null)),
    unique (lead_id, day, reason)
);
create index dial_decision_phone on dial_decision (phone_digest, at);
create index dial_decision_campaign on dial_decision (campaign_id, at);

-- What became of an answered call, or of one that was given up, in the eyes of the law.
create table abandonment (
    attempt_id   uuid primary key references attempt on delete cascade,
    campaign_id  bigint not null references campaign,
    phone        text not null,
    at           bigint not null,
    live         boolean not null,
    abandoned    boolean not null,
    silent       boolean not null,
    message      boolean not null,
    violations   jsonb not null,
    block_until  bigint
);
create index abandonment_campaign on abandonment (campaign_id, at);

-- No campaign calls until somebody has said on whose behalf, to what end and on which legal basis.
update campaign set state = 'paused' where state = 'running';
-- The settings name the seller too; the column is for references, and for this check.
alter table campaign add column seller_id bigint references seller
    check (state <> 'running' or seller_id is not null);
-- What has a column of its own is no longer repeated in the settings.
update campaign set settings = settings - 'id' - 'state';

alter table attempt add column seller_id bigint references seller;
alter table attempt add column subject text;

-- When the message began that people hear for whom no agent was there in time.
alter table call add column message_at bigint;

alter table do_not_call add column seller_id bigint references seller on delete cascade;
drop index do_not_call_once;
create unique index do_not_call_once on do_not_call (phone, coalesce(campaign_id, 0), coalesce(seller_id, 0));

-- Why the law keeps a lead from being dialled; `forbidden` is for good.
alter table lead add column held_because text;
alter table lead drop constraint lead_done_reason_check;
alter table lead add constraint lead_done_reason_check
    check (done_reason in ('disposition', 'do_not_call', 'forbidden', 'outcome', 'withdrawn'));
