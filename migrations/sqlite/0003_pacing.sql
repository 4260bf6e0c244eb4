-- What a campaign's pacing did and what stood in its way, every ten seconds. Lines older than a month go.

create table pacing (
    campaign_id integer not null references campaign on delete cascade,
    at          integer not null,
    line        text not null,
    primary key (campaign_id, at)
) without rowid;
create index pacing_at on pacing (at);
