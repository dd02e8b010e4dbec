//! What every request may use.

use std::sync::Arc;

use app::backend::Backend;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use crate::auth::Provider;
use crate::config::Config;
use crate::live::Live;
use crate::security;
use crate::store::Store;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    config: Arc<Config>,
    store: Store,
    provider: Provider,
    leptos_options: LeptosOptions,
    reload_socket: Option<String>,
    backend: Arc<dyn Backend>,
    live: Live,
    shutdown: CancellationToken,
}

impl AppState {
    pub fn new(
        config: Arc<Config>,
        store: Store,
        provider: Provider,
        backend: Arc<dyn Backend>,
        live: Live,
        shutdown: CancellationToken,
    ) -> Self {
        let leptos_options = LeptosOptions::builder()
            .output_name("sluice")
            .site_root(config.server.assets_dir.display().to_string())
            .site_pkg_dir("pkg")
            .build();
        let reload_socket = security::reload_socket(
            &leptos_options,
            config.server.public_origin.as_url(),
        );
        Self(Arc::new(Inner {
            config,
            store,
            provider,
            leptos_options,
            reload_socket,
            backend,
            live,
            shutdown,
        }))
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    pub fn leptos_options(&self) -> &LeptosOptions {
        &self.0.leptos_options
    }

    /// See [`security::reload_socket`].
    pub fn reload_socket(&self) -> Option<&str> {
        self.0.reload_socket.as_deref()
    }

    /// Cancelled when the server is to stop: what would go on for ever, such as
    /// an event stream, ends then.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Tells pages that follow that something has changed.
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// What the pages ask.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.0.backend
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options().clone()
    }
}
