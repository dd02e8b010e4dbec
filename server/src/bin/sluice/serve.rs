//! `sluice serve`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use server::auth::Provider;
use server::aws::Aws;
use server::backend::Server;
use server::config::Config;
use server::executor::{Executor, LeaseTime};
use server::http::client::HttpClient;
use server::http::{AppState, serve};
use server::kafka::KafkaClient;
use server::live::{self, Live};
use server::observe::{Observer, Poller};
use server::probe::Prober;
use server::runs::Runs;
use server::store::Store;
use server::telemetry;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Failure;

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
    let config = Arc::new(config);
    let stop = CancellationToken::new();
    let live = Live::new();
    let aws = Aws::new(&config)
        .await
        .map_err(|error| Failure::failed(&error))?;
    let kafka = KafkaClient::new(aws.clone());
    let observer = Observer::new(config.clone(), aws.clone(), kafka.clone())
        .map_err(|error| Failure::failed(&error))?;
    let seconds = |n: u32| Duration::from_secs(u64::from(n));
    let poller = Poller::start(
        observer.clone(),
        live.clone(),
        store.clone(),
        seconds(config.server.poll_seconds),
        &stop,
    );
    let prober = Prober::new(
        config.clone(),
        aws.clone(),
        kafka,
        observer.clone(),
        poller.clone(),
    );
    let runs = Runs::new(store.clone());
    let executor = Executor::new(
        runs.clone(),
        aws,
        observer.clone(),
        LeaseTime {
            ttl: seconds(config.server.lease_seconds),
        },
        Uuid::new_v4().to_string(),
        config.aws.write_ceiling_per_second,
    );
    tokio::spawn(live::follow(store.clone(), live.clone()));
    let working = tokio::spawn(executor.work(stop.clone()));
    let backend = Arc::new(Server::new(config.clone(), runs, observer, poller, prober));
    let state = AppState::new(config, store, provider, backend, live, stop.clone());
    let served = serve(state).await.map_err(|error| Failure::failed(&error));
    // However the serving ended, the executor leaves its Runs for the next.
    stop.cancel();
    if working.await.is_err() {
        tracing::error!("the executor ended by a defect");
    }
    served
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
