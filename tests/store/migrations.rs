//! The layout of the database.

use cadran::store::Error;

use super::database::Database;

pub(crate) async fn a_second_run_changes_nothing(database: &Database) {
    database.whole.migrate().await.unwrap();
    database.store.ping().await.unwrap();
}

pub(crate) async fn a_newer_database_is_refused(database: &Database) {
    database
        .meddle(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             select 9000, 'from the future', true, checksum, 0 from _sqlx_migrations where version = 1",
        )
        .await;
    let error = database.whole.migrate().await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 9000, .. }), "{error}");
    assert!(error.to_string().contains("a newer Cadran has used it"), "{error}");
}
