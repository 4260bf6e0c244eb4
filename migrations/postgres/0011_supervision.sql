-- Acts of supervision: who took part in whose conversation, how, how long and why. `user_id` is the account that asked;
-- the row outlives it. An act that goes on has no end; one that a daemon left open ends when the next one takes over.

create table supervision (
    supervision_id uuid primary key,
    holder         text not null,
    user_id        bigint not null,
    supervisor_id  bigint not null references agent,
    agent_id       bigint not null references agent,
    call_id        uuid not null,
    mode           text not null check (mode in ('barge', 'listen', 'take_over', 'whisper')),
    reason         text not null,
    began_at       bigint not null,
    ended_at       bigint,
    ended_because  text check (ended_because in
        ('call_over', 'done', 'failed', 'moved', 'phone_lost', 'restart', 'stopped', 'withdrawn')),
    check ((ended_at is null) = (ended_because is null))
);
create index supervision_began on supervision (began_at, supervision_id);
create index supervision_agent on supervision (agent_id, began_at, supervision_id);
create index supervision_supervisor on supervision (supervisor_id, began_at, supervision_id);
create index supervision_call on supervision (call_id, began_at);
create index supervision_open on supervision (holder) where ended_at is null;
