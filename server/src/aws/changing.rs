//! Clients in a change role, kept while a Run uses them.
//!
//! A Run makes thousands of calls, each of which asks for its clients; the role
//! is assumed once for all. Nothing is kept for long: outside of a Run the
//! process holds no credentials that can change anything.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::StreamName;

use super::StreamAws;

/// A Run that waits for its job looks at EMR more often than that.
const IDLE_MAX: Duration = Duration::from_secs(300);

#[derive(Default)]
pub(super) struct Changing(Mutex<HashMap<(StreamName, String), Kept>>);

struct Kept {
    clients: StreamAws,
    used_at: Instant,
}

impl Changing {
    /// The clients of this session, made if there are none.
    pub(super) fn clients(
        &self,
        stream: &StreamName,
        session: &str,
        make: impl FnOnce() -> StreamAws,
    ) -> StreamAws {
        let now = Instant::now();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| now.duration_since(kept.used_at) < IDLE_MAX);
        let key = (stream.clone(), session.to_owned());
        let entry = kept.entry(key).or_insert_with(|| Kept {
            clients: make(),
            used_at: now,
        });
        entry.used_at = now;
        entry.clients.clone()
    }
}
