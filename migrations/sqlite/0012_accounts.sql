-- Who may do what: roles as bundles of rights, teams, keys of programs, second factors.

-- The admin's bundle is every right there is, whatever this row says.
create table role (
    name        text primary key,
    rights      text not null,
    rev         integer not null default 1,
    updated_at  integer not null
);
insert into role (name, rights, updated_at) values
    ('admin', '[]', 0),
    ('agent', '["work"]', 0),
    ('campaign_manager', '["block_numbers", "change_level_cap", "download_recordings", "edit_campaigns", "edit_inbound",
        "export_leads", "override_calling_hours", "play_recordings", "publish",
        "release_numbers", "see_full_numbers", "view"]', 0),
    ('qa', '["play_recordings", "view"]', 0),
    ('supervisor', '["act_for_agents", "barge", "block_numbers", "control_recording", "hang_up", "listen",
        "play_recordings", "take_over", "transfer", "view", "whisper"]', 0),
    ('viewer', '["view"]', 0),
    ('wallboard', '["view_figures"]', 0);

-- `sees_all` frees an account of teams; without it and without a team it sees nothing but its own desk.
alter table console_user add column role_name text references role;
update console_user set role_name = role;
alter table console_user drop column role;
alter table console_user add column sees_all boolean not null default true;

create table team (
    team_id     integer primary key autoincrement,
    name        text not null unique,
    rev         integer not null default 1,
    updated_at  integer not null
);
create table team_agent (
    team_id     integer not null references team on delete cascade,
    agent_id    integer not null references agent on delete cascade,
    primary key (team_id, agent_id)
);
create table team_campaign (
    team_id     integer not null references team on delete cascade,
    campaign_id integer not null references campaign on delete cascade,
    primary key (team_id, campaign_id)
);
create table user_team (
    user_id     integer not null references console_user on delete cascade,
    team_id     integer not null references team on delete cascade,
    primary key (user_id, team_id)
);
create index user_team_team on user_team (team_id);

-- A browser that was not heard of for long is signed out.
alter table sign_in add column seen_at integer not null default 0;
update sign_in set seen_at = created_at;

-- The key of a program. The key itself is kept nowhere: only its SHA-256.
create table api_key (
    api_key_id  integer primary key autoincrement,
    token_hash  blob not null unique,
    user_id     integer not null references console_user on delete cascade,
    name        text not null,
    rights      text not null,
    created_at  integer not null,
    expires_at  integer,
    used_at     integer
);
create index api_key_user on api_key (user_id);

-- Who did what: a chain, each entry sealed with the hash of the one before. No foreign keys: entries outlive accounts.
create table audit (
    seq         integer primary key,
    at          integer not null,
    user_id     integer,
    api_key_id  integer,
    action      text not null,
    target      text not null,
    address     text not null,
    request     text not null,
    status      integer not null,
    reason      text,
    digest_before text,
    digest_after  text,
    hash        blob not null
);
create index audit_user on audit (user_id, seq);
create index audit_target on audit (target, seq);
create trigger audit_is_not_changed before update on audit
    begin select raise(abort, 'the audit log is append-only'); end;
create trigger audit_is_not_shortened before delete on audit
    begin select raise(abort, 'the audit log is append-only'); end;

-- What an account asks for beside its password. The secret is sealed where the installation has a key.
create table second_factor (
    user_id      integer primary key references console_user on delete cascade,
    secret       text not null,
    confirmed_at integer,
    last_step    integer not null default 0
);
create table recovery_code (
    user_id      integer not null references console_user on delete cascade,
    code_hash    blob not null,
    primary key (user_id, code_hash)
);

-- Where events are sent. Secrets are sealed where the installation has a key.
create table webhook (
    webhook_id  integer primary key autoincrement,
    name        text not null unique,
    url         text not null,
    events      text not null,
    numbers     boolean not null,
    enabled     boolean not null,
    secret      text not null,
    secret_before text,
    secret_before_until integer,
    rev         integer not null default 1,
    updated_at  integer not null
);
create table webhook_event (
    kind        text not null,
    webhook_id  integer not null references webhook on delete cascade,
    primary key (kind, webhook_id)
);
create index webhook_event_webhook on webhook_event (webhook_id);

-- The outbox, and what became of each message.
create table webhook_delivery (
    webhook_delivery_id integer primary key autoincrement,
    webhook_id  integer not null references webhook on delete cascade,
    event       text not null,
    kind        text not null,
    body        text not null,
    at          integer not null,
    state       text not null check (state in ('waiting', 'delivered', 'dead')),
    attempts    integer not null default 0,
    due_at      integer not null,
    status      integer,
    problem     text,
    ended_at    integer,
    unique (webhook_id, event)
);
create index webhook_delivery_due on webhook_delivery (due_at) where state = 'waiting';
create index webhook_delivery_ended on webhook_delivery (ended_at) where ended_at is not null;

-- Requests that were answered, so that the same one sent again is not carried out again. Without a status it is at work.
create table idempotency (
    user_id      integer not null references console_user on delete cascade,
    idempotency_key text not null,
    digest       blob not null,
    began_at     integer not null,
    status       integer,
    location     text,
    body         text,
    primary key (user_id, idempotency_key)
);
create index idempotency_began on idempotency (began_at);
