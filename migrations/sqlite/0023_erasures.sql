-- Persons who were erased. Of their numbers digests stay (SHA-256 of the E.164 form, as registers have them), so that
-- nobody brings them back. `erased_phone_id` makes the number that stands where the person's stood.

create table erasure (
    erasure_id      blob primary key,
    at              integer not null,
    -- The login of who wanted it; null when it was done again after a backup had brought the person back.
    asked_by        text,
    reason          text not null,
    counts          text not null
);

create table erased_phone (
    erased_phone_id integer primary key autoincrement,
    erasure_id      blob not null references erasure,
    digest          text not null
);
create index erased_phone_digest on erased_phone (digest);
create index erased_phone_erasure on erased_phone (erasure_id);

create index recording_caller on recording (caller_phone) where caller_phone is not null;
