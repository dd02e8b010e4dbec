//! The sandbox's console: a page and an API to break things and to mend them.
//!
//! It is another place than Sluice and looks like one. It has no sign-in, since it listens
//! on loopback only, and it takes a change only from its own page or from a client that is
//! no browser: a site that a person happens to visit must not pull its levers.

mod api;
mod guard;
mod outside;
mod page;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A console that listens.
pub struct Console {
    address: SocketAddr,
    stop: CancellationToken,
}

/// What the console needs to answer.
#[derive(Clone)]
struct Shared {
    world: Arc<World>,
    /// Where Sluice is, for the link.
    sluice: Option<String>,
}

/// Why a console does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is not a loopback one.
    #[error("the console listens on loopback addresses only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not this machine's.
    #[error("the console cannot listen on {address}")]
    Listen {
        /// Where it should.
        address: SocketAddr,
        /// Why it cannot.
        #[source]
        source: std::io::Error,
    },
}

impl Console {
    /// Opens the console on a loopback address; port 0 takes a free one. `sluice` is
    /// where Sluice's pages are, for a link.
    pub async fn open(
        world: Arc<World>,
        address: SocketAddr,
        sluice: Option<String>,
    ) -> Result<Self, ConsoleError> {
        if !address.ip().is_loopback() {
            return Err(ConsoleError::NotLoopback(address));
        }
        let listen = |source| ConsoleError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let app = router(Shared { world, sluice });
        tokio::spawn(async move {
            let served = axum::serve(listener, app)
                .with_graceful_shutdown(async move { stopped.cancelled().await });
            if let Err(error) = served.await {
                tracing::warn!(%error, "console.ended");
            }
        });
        Ok(Self { address, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests.
    pub fn close(&self) {
        self.stop.cancel();
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(page::home))
        .route("/console.css", get(page::css))
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/state", get(api::state))
        .route("/api/record", get(api::record))
        .route("/api/levers/{name}", post(api::pull))
        .route("/api/reset", post(api::reset))
        .route("/api/outside", get(outside::list))
        .route(
            "/api/outside/{job_run_id}/{attempt}/log",
            post(outside::log),
        )
        .route(
            "/api/outside/{job_run_id}/{attempt}/end",
            post(outside::end),
        )
        .layer(axum::middleware::from_fn(guard::own_site_only))
        .with_state(shared)
}
