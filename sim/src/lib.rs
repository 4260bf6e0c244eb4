//! A pretend telephone network that drives the Cadran engine in virtual time.
