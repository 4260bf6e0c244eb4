-- A campaign's pacing is kept second by second for two days, and in lines of ten seconds for a month.

alter table pacing add column seconds integer not null default 10;
create index pacing_second on pacing (at) where seconds = 1;
