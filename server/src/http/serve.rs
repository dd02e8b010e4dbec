//! Listening, and stopping in time.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{AppState, router};
use crate::telemetry::{self, MetricsError};

/// How often sessions and sign-in attempts that are over are cleared away.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the address {address} cannot be listened on")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the listener failed")]
    Accept(#[source] std::io::Error),
    #[error("the metrics listener cannot be started")]
    Metrics(#[from] MetricsError),
    #[error("the signals of the process cannot be watched")]
    Signals(#[source] std::io::Error),
}

/// Serves until SIGTERM or SIGINT, or until the state's shutdown token is
/// cancelled. Then no new connection is taken, and open requests have the
/// configured time to end.
pub async fn serve(state: AppState) -> Result<(), ServeError> {
    let server = &state.config().server;
    let listener = listen(server.listen).await?;
    if let Some(address) = server.metrics_listen {
        let metrics = listen(address).await?;
        let routes = telemetry::metrics_router(telemetry::recorder()?);
        let stop = state.shutdown().clone().cancelled_owned();
        tokio::spawn(async move {
            let served = axum::serve(metrics, routes)
                .with_graceful_shutdown(stop)
                .await;
            if let Err(error) = served {
                tracing::error!(
                    error = telemetry::chain(&error),
                    "metrics are not served"
                );
            }
        });
    }
    watch_signals(state.clone())?;
    tokio::spawn(purge_now_and_then(state.clone()));
    tokio::spawn(reach_provider(state.clone()));
    tracing::info!(
        listen = %server.listen,
        origin = server.public_origin.as_origin(),
        streams = state.config().streams.len(),
        "serving"
    );
    let stop = state.shutdown().clone();
    let grace = Duration::from_secs(u64::from(server.shutdown_seconds));
    let serving = axum::serve(listener, router(state.clone()))
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        served = serving => served.map_err(ServeError::Accept)?,
        () = too_late => {
            tracing::warn!(seconds = grace.as_secs(), "requests were cut off at the end");
        }
    }
    state.store().close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

fn watch_signals(state: AppState) -> Result<(), ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        state.shutdown().cancel();
    });
    Ok(())
}

async fn purge_now_and_then(state: AppState) {
    loop {
        if let Err(error) = state.store().purge_expired(crate::clock::now()).await {
            tracing::warn!(
                error = telemetry::chain(&error),
                "sessions that are over were not cleared away"
            );
        }
        tokio::select! {
            () = state.shutdown().cancelled() => return,
            () = tokio::time::sleep(PURGE_INTERVAL) => {}
        }
    }
}

/// Asks the sign-in's provider who it is, so that the first person need not
/// wait. A failure is no reason not to start: each sign-in asks again.
async fn reach_provider(state: AppState) {
    if let Err(error) = state.provider().discover().await {
        tracing::warn!(
            error = telemetry::chain(&error),
            "the sign-in provider was not reached; each sign-in tries again"
        );
    }
}
