-- A flow may name who gets a message by e-mail, beside those whom the mailbox tells.

alter table message add column notify text not null default '[]';
