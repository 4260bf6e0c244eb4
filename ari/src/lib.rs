//! A typed client for the Asterisk REST Interface (ARI).
