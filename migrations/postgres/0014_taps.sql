-- Whoever hears a conversation through the API has no phone, and may be no agent.

alter table supervision alter column supervisor_id drop not null;
