//! `sluice serve`.

use std::path::Path;
use std::sync::Arc;

use server::auth::Provider;
use server::config::Config;
use server::http::client::HttpClient;
use server::http::{AppState, serve};
use server::store::Store;
use server::telemetry;

use crate::Failure;
use crate::no_backend::NoBackend;

/// Serves by the configuration in this file.
pub(crate) async fn from_file(path: &Path) -> Result<(), Failure> {
    run(Config::load(path)?).await
}

/// Serves until the process is told to stop.
pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    telemetry::init_log(config.server.log);
    let data_dir = &config.server.data_dir;
    std::fs::create_dir_all(data_dir).map_err(|error| Failure {
        code: Failure::FAILED,
        message: format!(
            "the data folder {} cannot be made: {error}",
            data_dir.display()
        ),
    })?;
    let store = Store::open(&config.database_url())
        .await
        .map_err(|error| Failure::failed(&error))?;
    let http = HttpClient::new().map_err(|error| Failure::failed(&error))?;
    let provider =
        Provider::new(config.sign_in.clone(), &config.server.public_origin, http);
    tokio::spawn(prove_journal(store.clone()));
    let state = AppState::new(Arc::new(config), store, provider, Arc::new(NoBackend));
    serve(state).await.map_err(|error| Failure::failed(&error))
}

/// Puts the journal's head into the log at each start: kept elsewhere, it later
/// proves that no rows were cut off. A broken chain does not stop the server,
/// since people need it to see what happened.
async fn prove_journal(store: Store) {
    match store.verify(None).await {
        Ok(head) => {
            tracing::info!(
                row = head.seq,
                hash = head.hash.as_str(),
                "the journal verifies"
            );
        }
        Err(error) => {
            tracing::error!(
                error = telemetry::chain(&error),
                "the journal does not verify"
            );
        }
    }
}
