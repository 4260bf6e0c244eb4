-- Dialling by hand, and what the law says of the leads of a file. The folder beside this one holds the same change for
-- PostgreSQL.

-- Whether an agent dialled by hand: a lead that was still `open`, or one that was `done`.
alter table attempt add column by_hand text check (by_hand in ('done', 'open'));
-- What the agent's program called the dial. The same again is the same dial.
alter table attempt add column request_key text;
create unique index attempt_request on attempt (agent_id, request_key) where request_key is not null;

-- The list of a campaign for numbers that agents dialled without their being on any list.
alter table list add column by_hand boolean not null default false;
create unique index list_by_hand on list (campaign_id) where by_hand;

-- Whom of an import's leads the law would let anybody call at its end, and the others by reason, as JSON.
alter table import add column callable integer;
alter table import add column denied text;
create index lead_import on lead (import_id, lead_id) where import_id is not null;
