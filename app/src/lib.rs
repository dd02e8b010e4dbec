//! The pages.

// A page is one type made of the types of all its parts.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod forms;
pub mod paths;
#[cfg(feature = "ssr")]
pub mod request;
mod shell;
pub mod ui;
pub mod view;

pub use shell::shell;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

/// The application: the frame of every page, and the route table.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|title: String| format!("{title} · Sluice") />
        <Router>
            <Routes fallback=|| view! { <ui::EmptyState title="No such page." /> }>
                <Route path=path!("/gallery") view=ui::Gallery ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
