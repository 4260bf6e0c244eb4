-- The order of leads. The folder beside this one holds the same change for PostgreSQL.
--
-- A lead that waits is ripe once its due time has come and a claim has seen that. Ripe leads stand in one index for
-- each order, so that a claim walks from one end of it and never over leads that are not due or not to be dialled. A
-- lead with an agreed callback is never ripe: it has an index of its own and comes before all others.

alter table lead add column ripe boolean not null default true;
-- Attempts that have ended, and when the last one did.
alter table lead add column attempts integer not null default 0;
alter table lead add column last_attempt_at integer;
-- A manager took it back. While it is being dialled it stays in its state until the attempt ends.
alter table lead add column withdrawn boolean not null default false;

update lead set
    withdrawn = coalesce(done_reason = 'withdrawn', false),
    ripe = not callback and due_at <= unixepoch() * 1000,
    attempts = (select count(*) from attempt where attempt.lead_id = lead.lead_id and outcome is not null),
    last_attempt_at = (select max(ended_at) from attempt where attempt.lead_id = lead.lead_id);

-- What a list has gained of its campaign's dials and not spent yet, when lists share them (engine: dialer/list_mix).
alter table list add column mix_credit integer not null default 0;

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
create index lead_by_last_attempt on lead (list_id, last_attempt_at, lead_id)
    where state = 'waiting' and ripe;
create index lead_by_name on lead (list_id, name, lead_id) where state = 'waiting' and ripe;
create index lead_by_phone on lead (list_id, substr(phone, 2), lead_id) where state = 'waiting' and ripe;
create index lead_by_priority on lead (list_id, priority desc, due_at, lead_id) where state = 'waiting' and ripe;
