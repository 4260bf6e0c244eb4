//! The API as a program sees it: the real router over a real SQLite file, and an engine that answers by a script.

#[cfg(test)]
mod api {
    mod callbacks;
    mod compliance;
    mod desk;
    mod health;
    mod imports;
    mod live;
    mod pacing;
    mod recordings;
    mod routes;
    mod settings;
    mod sign_in;
    mod simulations;
    mod supervision;
    mod transfers;
    mod world;
}
