-- Of a drop: the chance, in thousandths, that it was a person who was dropped and not a machine, as it was known at that
-- moment. A drop without it was a person's.
alter table attempt add column person_permille integer;
