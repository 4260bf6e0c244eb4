//! The API as a program sees it: the real router over a real SQLite file, and an engine that answers by a script.

#[cfg(test)]
mod api {
    mod attacks;
    mod audit;
    mod bulk;
    mod by_hand;
    mod callbacks;
    mod caller_callbacks;
    mod caller_calls;
    mod choices;
    mod compliance;
    mod contacts;
    mod desk;
    mod erasures;
    mod filters;
    mod flows;
    mod health;
    mod imports;
    mod inbound;
    mod leads;
    mod live;
    mod mailboxes;
    mod once;
    mod orders;
    mod pacing;
    mod platform;
    mod recordings;
    mod routes;
    mod second_factor;
    mod settings;
    mod sign_in;
    mod simulations;
    mod supervision;
    mod system;
    mod tap;
    mod teams;
    mod tenants;
    mod transfers;
    mod webhooks;
    mod world;
}
