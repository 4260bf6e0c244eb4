-- Leads that people correct: the count of their corrections, and since when a lead counts as new. Attempts before that do
-- not count for the retry rules; for the law they do.

alter table lead add column rev bigint not null default 1;
alter table lead add column reset_at bigint;
