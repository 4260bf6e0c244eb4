-- Whoever is called back hears the language that they chose.

alter table caller_callback add column language text;
