//! Waiting with an end.

use std::time::Duration;

use tokio::time::Instant;

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Looks until the condition holds, and fails with what was last seen when it does
/// not within `within`.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let end = Instant::now() + within;
    loop {
        let seen = match look().await {
            Ok(value) => return value,
            Err(seen) => seen,
        };
        assert!(
            Instant::now() < end,
            "{what} did not come about within {within:?}; last seen: {seen}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
