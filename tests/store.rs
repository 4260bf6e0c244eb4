//! The store's contract: one story after the other, each on SQLite and on a real PostgreSQL.
//!
//! PostgreSQL is started by `scripts/postgres.sh up DIR`; its address is given in `CADRAN_TEST_POSTGRES_URL`. Every
//! story has a database of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests, helpers included")]

#[path = "store/archive.rs"]
mod archive;
#[path = "store/audit.rs"]
mod audit;
#[path = "store/away.rs"]
mod away;
#[path = "store/by_hand.rs"]
mod by_hand;
#[path = "store/callbacks.rs"]
mod callbacks;
#[path = "store/caller_callbacks.rs"]
mod caller_callbacks;
#[path = "store/claims.rs"]
mod claims;
#[path = "store/compliance.rs"]
mod compliance;
#[path = "store/database.rs"]
mod database;
#[path = "store/erasures.rs"]
mod erasures;
#[path = "store/flows.rs"]
mod flows;
#[path = "store/history.rs"]
mod history;
#[path = "store/imports.rs"]
mod imports;
#[path = "store/lead_changes.rs"]
mod lead_changes;
#[path = "store/leases.rs"]
mod leases;
#[path = "store/migrations.rs"]
mod migrations;
#[path = "store/order.rs"]
mod order;
#[path = "store/pacing.rs"]
mod pacing;
#[path = "store/quotas.rs"]
mod quotas;
#[path = "store/recordings.rs"]
mod recordings;
#[path = "store/recovery.rs"]
mod recovery;
#[path = "store/replay.rs"]
mod replay;
#[path = "store/s3.rs"]
mod s3;
#[path = "store/settings.rs"]
mod settings;
#[path = "store/stock.rs"]
mod stock;
#[path = "store/supervision.rs"]
mod supervision;
#[path = "store/tenant_catalogue.rs"]
mod tenant_catalogue;
#[path = "store/tenants.rs"]
mod tenants;
#[path = "store/webhooks.rs"]
mod webhooks;
#[path = "store/world.rs"]
mod world;
#[path = "store/writes.rs"]
mod writes;

/// Turns each story into two tests.
macro_rules! on_both_databases {
    ($($module:ident :: $story:ident,)*) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $story() {
                    super::$module::$story(&super::database::Database::sqlite().await).await;
                }
            )*
        }

        mod on_postgres {
            $(
                #[tokio::test]
                async fn $story() {
                    super::$module::$story(&super::database::Database::postgres().await).await;
                }
            )*
        }
    };
}

on_both_databases! {
    archive::a_recording_is_kept_sealed_and_comes_back,
    archive::nothing_is_lost_while_the_bucket_is_away_for_an_hour,
    archive::a_bucket_takes_gives_and_forgets,
    archive::a_file_that_was_changed_is_noticed,
    archive::a_deletion_leaves_its_proof_and_nothing_else,
    archive::rules_delete_what_no_hold_keeps,
    audit::acts_are_found_by_who_and_on_what,
    audit::many_at_once_make_one_chain,
    audit::the_database_itself_refuses_changes,
    audit::whatever_is_done_to_it_shows,
    away::everything_is_kept_while_the_database_is_away,
    away::an_attempt_whose_commit_went_unheard_leaves_no_trace,
    by_hand::a_lead_is_taken_where_it_stands,
    by_hand::what_the_law_refuses_moves_no_lead,
    by_hand::a_number_becomes_a_lead_once,
    by_hand::a_key_names_one_dial,
    caller_callbacks::a_promise_to_a_caller_is_kept_on_record,
    caller_callbacks::promises_to_callers_are_recovered,
    caller_callbacks::teams_see_what_was_promised_and_answered_in_their_queues,
    caller_callbacks::the_call_of_a_caller_tells_its_story,
    callbacks::a_promise_belongs_to_an_agent_and_can_be_taken_over,
    callbacks::open_callbacks_come_in_pages,
    claims::the_most_urgent_lead_comes_first,
    claims::two_holders_never_get_the_same_lead,
    claims::a_number_on_the_do_not_call_list_is_not_claimed,
    claims::a_claim_that_was_not_used_goes_to_another_holder_only,
    claims::a_claim_that_went_unheard_is_freed,
    compliance::a_cap_holds_whoever_calls_on_whichever_number,
    compliance::a_do_not_call_entry_is_for_the_person_and_its_scope,
    compliance::a_register_must_be_fresh_and_silent,
    compliance::a_lead_that_is_refused_for_time_comes_back_in_time,
    compliance::a_refusal_bars_the_seller,
    compliance::a_consent_opens_the_telephone_until_it_is_taken_back,
    compliance::a_number_that_may_never_be_called_finishes_the_lead,
    compliance::a_machine_is_nobody_whom_a_call_abandoned,
    compliance::an_agent_who_came_too_late_is_an_abandoned_call,
    compliance::what_the_law_asks_of_a_call_comes_with_its_attempt, flows::a_draft_is_kept_once_and_published_as_it_stands, flows::callers_on_lists_are_told_apart, flows::calls_get_the_revisions_that_they_can_come_to, flows::every_noun_of_inbound_work_is_kept, flows::messages_wait_to_be_heard_and_sent, flows::people_are_found_by_number_and_by_field, flows::sounds_have_a_file_in_each_language, flows::tests_belong_to_their_flow,
    erasures::an_erased_person_is_in_no_table_and_is_counted_all_the_same,
    erasures::whoever_was_erased_is_not_brought_back,
    erasures::nobody_is_erased_who_is_called_or_must_be_kept,
    erasures::a_backup_that_brings_somebody_back_is_erased_again,
    erasures::the_list_outside_learns_what_only_the_database_knows,
    erasures::another_tenants_person_with_the_same_number_stays,
    history::pages_follow_each_other_without_gap_or_overlap,
    history::a_call_and_a_lead_tell_their_story,
    history::screened_calls_are_counted_by_what_agents_said_last,
    history::a_time_sheet_has_no_holes,
    imports::rows_become_leads_or_say_why_not,
    imports::a_batch_is_stored_once_and_as_a_whole,
    imports::a_hundred_thousand_rows,
    imports::an_import_that_was_cut_ends,
    imports::consents_of_a_file_open_the_telephone_and_its_report_says_so,
    lead_changes::a_lead_is_added_once_and_brought_up_to_date,
    lead_changes::a_correction_and_an_attempt_lose_nothing_of_each_other,
    lead_changes::a_number_that_was_taken_away_is_not_dialled,
    lead_changes::a_lead_that_is_done_begins_again,
    lead_changes::a_file_has_the_columns_that_its_leads_need,
    leases::a_lease_has_one_holder_until_it_ends,
    leases::an_attempt_without_the_lease_is_refused,
    migrations::a_second_run_changes_nothing,
    migrations::a_newer_database_is_refused,
    order::leads_come_in_the_order_that_the_campaign_wants,
    order::a_random_order_is_a_shuffle_of_the_file,
    order::lists_share_the_dials,
    order::a_list_that_is_off_is_not_dialled,
    pacing::seconds_are_kept_for_two_days_and_tens_for_a_month,
    quotas::a_campaign_stops_at_its_quota,
    quotas::a_part_of_a_campaign_stops_by_itself,
    recordings::they_are_found_by_every_field_of_their_call,
    recordings::those_of_callers_belong_to_their_queue_and_agent,
    recordings::every_order_has_pages_without_gap_or_overlap,
    recordings::a_hold_is_stronger_than_a_deletion,
    recovery::a_killed_daemon_leaves_what_the_next_one_finds,
    recovery::a_restart_forgets_nothing_of_who_was_dropped,
    replay::every_write_counts_once,
    settings::what_was_kept_is_read_back,
    settings::a_change_that_did_not_see_the_last_one_is_refused,
    settings::rows_that_hang_together_stay,
    settings::a_sign_in_ends,
    stock::the_stock_counts_every_lead_once,
    stock::what_keeps_leads_is_told,
    supervision::acts_of_supervision_are_kept_with_their_end, webhooks::a_webhook_is_kept_changed_and_removed, webhooks::an_event_is_put_in_the_outbox_once_of_those_who_want_it, webhooks::what_was_taken_comes_back_until_it_is_settled,
    tenants::each_has_rows_of_its_own,
    tenants::the_list_of_tenants_is_kept_and_no_name_is_there_twice,
    writes::an_answer_comes_when_the_write_is_durable,
    writes::the_last_look_finds_a_number_that_must_not_be_called,
    writes::a_lead_that_is_gone_is_not_dialled,
    writes::what_the_agent_says_decides_about_the_lead,
    writes::a_write_that_the_database_refuses_does_not_hold_up_the_others,
    writes::a_callback_is_kept_by_a_conversation_only,
    writes::a_lead_taken_back_during_an_attempt_is_done_after_it,
    writes::a_note_with_an_odd_character_is_kept,
}
