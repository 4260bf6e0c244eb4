//! The rules of Cadran: a function of inputs and time.
