//! The running provider.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    config::ProviderConfig, grants::Grants, keys::Key, routes, tokens::FaultyTokens,
};
use crate::clock::Clock;

/// How long open requests may take once the provider is told to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running provider. It stops when it is dropped or told to.
pub struct Provider {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Why the provider could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("could not listen for sign-ins on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("could not make a signing key")]
    Key(#[source] rsa::Error),
    #[error("the task that makes the signing key did not end")]
    Task(#[source] tokio::task::JoinError),
}

/// What the handlers share.
pub(super) struct State {
    pub(super) issuer: String,
    pub(super) config: ProviderConfig,
    pub(super) clock: Clock,
    pub(super) faulty: FaultyTokens,
    pub(super) key: Key,
    grants: Mutex<Grants>,
}

impl Provider {
    /// Makes a key and listens on `address`, whose port may be 0 for any that
    /// is free.
    pub async fn start(
        address: SocketAddr,
        config: ProviderConfig,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let bind = |source| StartError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let key = tokio::task::spawn_blocking(Key::generate)
            .await
            .map_err(StartError::Task)?
            .map_err(StartError::Key)?;
        let issuer = config
            .issuer
            .clone()
            .unwrap_or_else(|| format!("http://{address}"));
        let state = Arc::new(State {
            issuer,
            config,
            clock,
            faulty: FaultyTokens::default(),
            key,
            grants: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let serve = axum::serve(listener, routes::router(Arc::clone(&state)))
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the identity provider ended");
            }
        });
        Ok(Self {
            address,
            state,
            stop,
            task,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The issuer, as in the ID tokens and the metadata.
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// The switch that makes ID tokens faulty.
    pub fn faulty_tokens(&self) -> FaultyTokens {
        self.state.faulty.clone()
    }

    /// Forgets who is signed in here; everyone is asked again.
    pub fn end_sessions(&self) {
        self.state.grants().end_sessions();
    }

    /// Closes the port and waits until open requests are answered, or some
    /// seconds.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl State {
    /// A panic while the lock was held leaves whole entries, so a poisoned
    /// lock is taken all the same.
    pub(super) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
