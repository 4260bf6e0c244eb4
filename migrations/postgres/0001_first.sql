-- The first schema of Cadran, for PostgreSQL. The folder beside this one holds the same schema for SQLite.
--
-- Times are milliseconds since 1970 in UTC, computed by the program. Phones are E.164 texts with a plus sign.
-- `rev` counts the changes of a row of settings; a change names the one it was made from.

create table trunk (
    trunk_id    bigint generated always as identity primary key,
    name        text not null unique,
    enabled     boolean not null,
    settings    jsonb not null,
    host        text not null,
    port        bigint not null check (port between 1 and 65535),
    register    boolean not null,
    codecs      jsonb not null,
    user_name   text,
    secret      text,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

create table campaign (
    campaign_id bigint generated always as identity primary key,
    name        text not null unique,
    state       text not null check (state in ('draft', 'running', 'paused', 'finished')),
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

create table agent (
    agent_id    bigint generated always as identity primary key,
    name        text not null,
    sip_account text not null unique,
    sip_secret  text not null,
    settings    jsonb not null,
    rev         bigint not null default 1,
    updated_at  bigint not null
);

-- A console account. The word `user` alone is reserved in SQL.
create table console_user (
    user_id       bigint generated always as identity primary key,
    login         text not null unique,
    password_hash text not null,
    role          text not null check (role in ('admin', 'agent', 'campaign_manager', 'supervisor')),
    agent_id      bigint references agent,
    must_change_password boolean not null,
    enabled       boolean not null,
    rev           bigint not null default 1,
    updated_at    bigint not null
);

-- A signed-in browser or program. The token itself is kept nowhere: only its SHA-256.
create table sign_in (
    token_hash  bytea primary key,
    user_id     bigint not null references console_user on delete cascade,
    created_at  bigint not null,
    expires_at  bigint not null
);
create index sign_in_expiry on sign_in (expires_at);

create table list (
    list_id     bigint generated always as identity primary key,
    campaign_id bigint not null references campaign,
    name        text not null,
    enabled     boolean not null,
    rev         bigint not null default 1,
    updated_at  bigint not null,
    unique (campaign_id, name)
);

-- One file of leads. `rows_done` is the last row that is stored: an import that was cut goes on after it.
create table import (
    import_id   bigint generated always as identity primary key,
    list_id     bigint not null references list on delete cascade,
    file_name   text not null,
    header      text not null,
    created_by  bigint references console_user on delete set null,
    state       text not null check (state in ('running', 'finished', 'failed')),
    problem     text,
    rows_done   bigint not null default 0,
    accepted    bigint not null default 0,
    merged      bigint not null default 0,
    refused     bigint not null default 0,
    started_at  bigint not null,
    ended_at    bigint
);
create index import_list on import (list_id);

-- Each row of the file as it was read, and what became of it.
create table import_row (
    import_id   bigint not null references import on delete cascade,
    number      bigint not null,
    outcome     text not null check (outcome in ('accepted', 'merged', 'refused')),
    remark      text,
    text        text not null,
    primary key (import_id, number)
);

-- `phone` is the preferred number, the one by which rows of a list are merged. `campaign_id` repeats the list's, so
-- that claiming reads one index. `claimed_by` names the Asterisk server that the lead is dialled on, from the claim
-- until the attempt is over.
create table lead (
    lead_id       bigint generated always as identity primary key,
    list_id       bigint not null references list on delete cascade,
    campaign_id   bigint not null references campaign,
    import_id     bigint references import on delete set null,
    phone         text not null,
    alternates    jsonb not null,
    next_phone    bigint not null default 0,
    name          text not null,
    zone          text not null,
    fields        jsonb not null,
    priority      bigint not null,
    state         text not null check (state in ('waiting', 'claimed', 'in_attempt', 'done')),
    done_reason   text check (done_reason in ('disposition', 'do_not_call', 'outcome', 'withdrawn')),
    due_at        bigint not null,
    callback      boolean not null default false,
    claimed_by    text,
    claimed_until bigint,
    created_at    bigint not null,
    updated_at    bigint not null,
    unique (list_id, phone),
    check ((state = 'done') = (done_reason is not null)),
    check ((state in ('claimed', 'in_attempt')) = (claimed_by is not null))
);
create index lead_in_dialling_order on lead (campaign_id, callback desc, priority desc, due_at, lead_id)
    where state = 'waiting';
create index lead_due on lead (campaign_id, due_at) where state = 'waiting';
create index lead_claimed on lead (campaign_id, claimed_until) where claimed_by is not null;
create index lead_phone on lead (phone);
create index lead_list on lead (list_id, lead_id);

-- Without a campaign the entry holds everywhere; without an end it holds for good.
create table do_not_call (
    do_not_call_id bigint generated always as identity primary key,
    phone          text not null,
    campaign_id    bigint references campaign on delete cascade,
    reason         text not null,
    valid_until    bigint,
    added_by       text not null,
    added_at       bigint not null
);
create unique index do_not_call_once on do_not_call (phone, coalesce(campaign_id, 0));

-- One dial. `holder` is the Asterisk server it is placed on.
create table attempt (
    attempt_id  uuid primary key,
    call_id     uuid not null unique,
    leg_id      uuid not null,
    holder      text not null,
    campaign_id bigint not null references campaign,
    list_id     bigint not null references list,
    lead_id     bigint not null references lead,
    phone       text not null,
    caller_id   text not null,
    trunk_id    bigint not null references trunk,
    agent_id    bigint references agent,
    started_at  bigint not null,
    outcome     text,
    cause_q850  bigint,
    cause_sip   bigint,
    ended_at    bigint,
    check ((outcome is null) = (ended_at is null))
);
create index attempt_started on attempt (started_at, attempt_id);
create index attempt_lead on attempt (lead_id, started_at);
create index attempt_outcome on attempt (campaign_id, outcome);
create index attempt_phone on attempt (phone, started_at);
create index attempt_ended on attempt (ended_at);
create unique index attempt_open on attempt (lead_id) where outcome is null;

-- A dial that was answered.
create table call (
    call_id      uuid primary key references attempt (call_id),
    agent_id     bigint references agent,
    answered_at  bigint not null,
    connected_at bigint,
    ended_at     bigint not null,
    ended_by     text not null,
    cause_q850   bigint not null,
    cause_sip    bigint
);
create index call_answered on call (answered_at, call_id);
create index call_agent on call (agent_id, answered_at);

create table recording (
    call_id     uuid not null references attempt (call_id),
    part        bigint not null,
    started_at  bigint not null,
    state       text not null check (state in ('open', 'verified', 'truncated', 'failed')),
    path        text,
    bytes       bigint,
    duration    bigint,
    reason      text,
    expected    bigint,
    primary key (call_id, part),
    check ((state in ('verified', 'truncated')) = (path is not null)),
    check ((state = 'failed') = (reason is not null))
);
create index recording_started on recording (started_at);
create index recording_open on recording (call_id) where state = 'open';

-- What agents said of a call, corrections beside the first. `next_due_at` is null when the lead is done.
create table disposition (
    call_id     uuid not null references attempt (call_id),
    said_at     bigint not null,
    agent_id    bigint not null references agent,
    code        text not null,
    note        text not null,
    next_due_at bigint,
    next_phone  bigint,
    callback_at bigint,
    do_not_call boolean not null,
    primary key (call_id, said_at)
);

-- An agreed redial: at most one for each call, and kept once it was answered.
create table callback (
    call_id     uuid primary key references attempt (call_id),
    campaign_id bigint not null references campaign,
    lead_id     bigint not null references lead,
    agent_id    bigint not null references agent,
    due_at      bigint not null,
    state       text not null check (state in ('open', 'kept', 'withdrawn'))
);
create index callback_due on callback (campaign_id, due_at) where state = 'open';
create index callback_lead on callback (lead_id);

create table agent_session (
    session_id uuid primary key,
    agent_id   bigint not null references agent,
    holder     text not null,
    campaigns  jsonb not null,
    began_at   bigint not null,
    ended_at   bigint
);
create index agent_session_agent on agent_session (agent_id, began_at);
create index agent_session_open on agent_session (holder) where ended_at is null;

-- The time sheet: a state lasts until the next row of its session, or until the session ended.
create table agent_state (
    agent_state_id bigint generated always as identity primary key,
    session_id     uuid not null references agent_session,
    state          text not null,
    reason         jsonb,
    began_at       bigint not null,
    unique (session_id, began_at, state)
);

-- Who drives which Asterisk server. `token` grows with each change of hands: a write that carries an old one is late.
create table lease (
    name        text primary key,
    holder      text not null,
    token       bigint not null,
    held_until  bigint not null
);
