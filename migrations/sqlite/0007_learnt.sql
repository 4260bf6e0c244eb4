-- What a campaign's dialling has learnt, so that a restart does not forget it: one document, replaced as a whole.

create table learnt (
    campaign_id integer primary key references campaign on delete cascade,
    learnt      text not null,
    saved_at    integer not null
);
