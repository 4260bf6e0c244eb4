//! A FastAGI server for Asterisk.
