//! `sluice audit verify`.

use std::path::Path;

use server::config::Config;
use server::store::{Head, Store, VerifyError};

use crate::Failure;
use crate::output::Output;

/// Walks the journal's chain and prints its head, or fails with the first bad row.
pub(crate) async fn verify(
    config: &Path,
    known: Option<&Head>,
    output: &mut Output,
) -> Result<(), Failure> {
    let config = Config::load(config)?;
    let store = Store::open_existing(&config.database_url())
        .await
        .map_err(|error| Failure::failed(&error))?;
    match store.verify(known).await {
        Ok(head) => {
            output.say(&format!("The journal verifies. Rows: {}.", head.seq));
            output.say(&format!("Head: {}:{}", head.seq, head.hash));
            Ok(())
        }
        Err(VerifyError::Bad(bad)) => Err(Failure {
            code: Failure::BAD_ROW,
            message: bad.to_string(),
        }),
        Err(error) => Err(Failure::failed(&error)),
    }
}

/// Reads `row:hash`, as `verify` prints it.
pub(crate) fn parse_head(text: &str) -> Result<Head, String> {
    const ALLOWED: &str = "a head is \"row:hash\", as `sluice audit verify` prints it";
    let (seq, hash) = text.split_once(':').ok_or(ALLOWED)?;
    let seq = seq.parse().map_err(|_| ALLOWED)?;
    let hash = hash.parse().map_err(|_| ALLOWED)?;
    Ok(Head { seq, hash })
}
