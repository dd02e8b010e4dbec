//! Tells the pages of each Run that its journal has grown.

use std::collections::BTreeSet;

use super::Live;
use crate::store::Store;
use crate::telemetry;

/// How many rows are read at once.
const ROWS: u32 = 500;

/// Follows the journal until the store is closed.
pub async fn follow(store: Store, live: Live) {
    let mut head = store.follow();
    let mut seen = *head.borrow_and_update();
    while head.changed().await.is_ok() {
        head.borrow_and_update();
        match store.read_all(seen + 1, ROWS).await {
            Ok(rows) => {
                seen = rows.last().map_or(seen, |row| row.seq);
                let runs: BTreeSet<_> = rows.into_iter().map(|row| row.run).collect();
                for run in runs {
                    live.run_changed(&run);
                }
            }
            Err(error) => {
                tracing::warn!(error = telemetry::chain(&error), "live.follow");
            }
        }
    }
}
