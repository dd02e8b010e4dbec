//! The one wall clock. Everything else is told what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::time::Millis;

/// The time now.
pub fn now() -> Millis {
    // A clock before 1970 is set to 1970: no certificate would be valid anyway.
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
