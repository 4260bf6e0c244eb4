-- What a campaign's pacing did and what stood in its way, every ten seconds. Lines older than a month go.

create table pacing (
    campaign_id bigint not null references campaign on delete cascade,
    at          bigint not null,
    line        jsonb not null,
    primary key (campaign_id, at)
);
create index pacing_at on pacing (at);
