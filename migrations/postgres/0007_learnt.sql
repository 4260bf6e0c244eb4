-- What a campaign's dialling has learnt, so that a restart does not forget it: one document, replaced as a whole.

create table learnt (
    campaign_id bigint primary key references campaign on delete cascade,
    learnt      jsonb not null,
    saved_at    bigint not null
);
