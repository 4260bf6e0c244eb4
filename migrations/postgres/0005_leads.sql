-- The order of leads. The folder beside this one holds the same change for SQLite.
--
-- A lead that waits is ripe once its due time has come and a claim has seen that. Ripe leads stand in one index for
-- each order, so that a claim walks from one end of it and never over leads that are not due or not to be dialled. A
-- lead with an agreed callback is never ripe: it has an index of its own and comes before all others.

alter table lead add column ripe boolean not null default true;
-- Attempts that have ended, and when the last one did.
alter table lead add column attempts bigint not null default 0;
alter table lead add column last_attempt_at bigint;
-- A manager took it back. While it is being dialled it stays in its state until the attempt ends.
alter table lead add column withdrawn boolean not null default false;

update lead set
    withdrawn = coalesce(done_reason = 'withdrawn', false),
    ripe = not callback and due_at <= extract(epoch from now()) * 1000,
    attempts = (select count(*) from attempt where attempt.lead_id = lead.lead_id and outcome is not null),
    last_attempt_at = (select max(ended_at) from attempt where attempt.lead_id = lead.lead_id);

-- What a list has gained of its campaign's dials and not spent yet, when lists share them (engine: dialer/list_mix).
alter table list add column mix_credit bigint not null default 0;

-- Whether the agent promised to call themself.
alter table callback add column personal boolean not null default false;
create index callback_agent on callback (agent_id, due_at) where state = 'open';

drop index lead_in_dialling_order;
drop index lead_due;
create index lead_called_back on lead (campaign_id, due_at, lead_id) where state = 'waiting' and callback;
create index lead_unripe on lead (list_id, due_at) where state = 'waiting' and not ripe and not callback;
create index lead_by_attempts on lead (list_id, attempts, lead_id) where state = 'waiting' and ripe;
create index lead_by_chance on lead
    (list_id, (lead_id * 1583458089 % 2147483647 * 784588716 % 2147483563), lead_id) where state = 'waiting' and ripe;
create index lead_by_due on lead (list_id, due_at, lead_id) where state = 'waiting' and ripe;
create index lead_by_import on lead (list_id, created_at, lead_id) where state = 'waiting' and ripe;
create index lead_by_last_attempt on lead (list_id, last_attempt_at nulls first, lead_id)
    where state = 'waiting' and ripe;
create index lead_by_name on lead (list_id, name, lead_id) where state = 'waiting' and ripe;
create index lead_by_phone on lead (list_id, substr(phone, 2), lead_id) where state = 'waiting' and ripe;
create index lead_by_priority on lead (list_id, priority desc, due_at, lead_id) where state = 'waiting' and ripe;

-- Calls of which the latest word is a success.
create table success (
    call_id     uuid primary key references attempt (call_id),
    campaign_id bigint not null references campaign,
    list_id     bigint not null references list,
    lead_id     bigint not null references lead
);
create index success_campaign on success (campaign_id, list_id);

-- The quotas of each campaign's settings, in their order, with the successes so far. Without a list and without a field
-- the quota is for the campaign as a whole.
create table quota (
    campaign_id bigint not null references campaign on delete cascade,
    place       bigint not null,
    list_id     bigint references list on delete cascade,
    field       text,
    value       text,
    wanted      bigint not null,
    reached     bigint not null,
    primary key (campaign_id, place),
    check ((field is null) = (value is null))
);

-- Lists that are dialled: switched on, and neither theirs nor their campaign's quota is reached.
create view dialled_list as select list_id, campaign_id from list where enabled and not exists
    (select 1 from quota where quota.campaign_id = list.campaign_id and field is null and reached >= wanted
    and (quota.list_id is null or quota.list_id = list.list_id));
