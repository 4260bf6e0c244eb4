//! The live stream in virtual time: whatever is cut, restarted or forbidden, a screen shows the truth or nothing.

#[cfg(test)]
mod stream {
    mod alerts;
    mod centre;
    mod cuts;
    mod example;
    mod limits;
    mod replica;
    mod rights;
    mod screen;
}
