-- Whoever hears a conversation through the API has no phone, and may be no agent.

create table supervision_14 (
    supervision_id blob primary key,
    holder         text not null,
    user_id        integer not null,
    supervisor_id  integer references agent,
    agent_id       integer not null references agent,
    call_id        blob not null,
    mode           text not null check (mode in ('barge', 'listen', 'take_over', 'whisper')),
    reason         text not null,
    began_at       integer not null,
    ended_at       integer,
    ended_because  text check (ended_because in
        ('call_over', 'done', 'failed', 'moved', 'phone_lost', 'restart', 'stopped', 'withdrawn')),
    check ((ended_at is null) = (ended_because is null))
);
insert into supervision_14 select * from supervision;
drop table supervision;
alter table supervision_14 rename to supervision;
create index supervision_began on supervision (began_at, supervision_id);
create index supervision_agent on supervision (agent_id, began_at, supervision_id);
create index supervision_supervisor on supervision (supervisor_id, began_at, supervision_id);
create index supervision_call on supervision (call_id, began_at);
create index supervision_open on supervision (holder) where ended_at is null;
