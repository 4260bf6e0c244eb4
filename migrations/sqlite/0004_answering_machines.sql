-- What answering machine detection said of a dial: `machine`, `person` or `unsure`; why, in Asterisk's words; and how
-- many milliseconds after the answer. All three are there, or none: the dial was not screened.
alter table attempt add column amd_verdict text;
alter table attempt add column amd_cause text;
alter table attempt add column amd_after integer;

create index attempt_screened on attempt (campaign_id, list_id, amd_verdict) where amd_verdict is not null;
