//! What a person at the terminal reads. The log is another thing.

use std::io::{Write as _, stderr, stdout};

/// Writes lines to standard output and complaints to standard error.
pub(crate) struct Output {
    _private: (),
}

impl Output {
    pub(crate) fn standard() -> Self {
        Self { _private: () }
    }

    /// One line of what was asked for.
    pub(crate) fn say(&mut self, line: &str) {
        // Nobody is left to tell when the reader has gone away.
        let _ = writeln!(stdout(), "{line}");
    }

    /// Why it was not done.
    pub(crate) fn complain(&mut self, message: &str) {
        let _ = writeln!(stderr(), "sluice: {message}");
    }
}
