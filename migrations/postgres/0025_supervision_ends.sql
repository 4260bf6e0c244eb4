-- The end of an act of supervision is an entry of the audit log too: how long it lasted, and why it ended.

alter table audit add column lasted_ms bigint;
alter table audit add column ended_because text;
