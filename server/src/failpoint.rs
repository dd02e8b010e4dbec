//! Where a test may kill this process: before and after each row of a Run's
//! journal. A real `kill -9`, so that nothing is tidied up.
//!
//! Only builds with the feature `failpoints` have them, which the documented
//! production build leaves out.

/// Before the row is written, or after it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Whatever the row tells has happened, and the row is not written.
    Before,
    /// The row is written, and what follows has not happened.
    After,
}

/// Dies here if `SLUICE_FAILPOINT` names this row, as in `before:12`.
#[cfg(feature = "failpoints")]
pub(crate) fn reached(moment: Moment, run_seq: i64) {
    let Ok(wanted) = std::env::var("SLUICE_FAILPOINT") else {
        return;
    };
    let word = match moment {
        Moment::Before => "before",
        Moment::After => "after",
    };
    if wanted != format!("{word}:{run_seq}") {
        return;
    }
    let pid = std::process::id().to_string();
    // Where there is no `kill`, an abort is as sudden.
    let _ = std::process::Command::new("kill")
        .args(["-9", &pid])
        .status();
    std::process::abort();
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn reached(_: Moment, _: i64) {}
