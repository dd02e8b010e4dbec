//! The pages.

// A page is one type made of the types of all its parts.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod components;
pub mod forms;
pub mod live;
pub mod pages;
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
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};

/// The application: the frame of every page, and the route table.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Known before anything is drawn: were a page drawn inside what waits for it,
    // its resources would be made as often as that is looked at again, and they
    // are told apart by the order in which they are made.
    let frame = SharedValue::new(|| use_context::<view::Frame>().unwrap_or_default());
    provide_context(frame.into_inner());
    view! {
        <Title formatter=|title: String| format!("{title} · Sluice") />
        <Router>
            <Routes fallback=no_such_page>
                <ParentRoute path=path!("") view=framed ssr=SsrMode::Async>
                    <Route path=path!("/") view=pages::Streams ssr=SsrMode::Async />
                    <Route path=path!("/streams/:name") view=pages::Stream ssr=SsrMode::Async />
                    <Route
                        path=path!("/streams/:name/files/*key")
                        view=pages::CheckpointFilePage
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/streams/:name/troubleshoot")
                        view=pages::Troubleshoot
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/streams/:name/offsets")
                        view=pages::Offsets
                        ssr=SsrMode::Async
                    />
                    <Route path=path!("/runs") view=pages::Runs ssr=SsrMode::Async />
                    <Route
                        path=path!("/runs/:run/sign-off")
                        view=pages::SignOff
                        ssr=SsrMode::Async
                    />
                    <pages::RunRoutes />
                    <Route path=path!("/plans/:plan") view=pages::PlanAlone ssr=SsrMode::Async />
                    <Route
                        path=path!("/plans/:plan/compare/:other")
                        view=pages::ComparePlans
                        ssr=SsrMode::Async
                    />
                </ParentRoute>
                // It stands in a frame of its own, for who works on the components.
                <Route path=path!("/gallery") view=ui::Gallery ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// The frame, which stays while the page in it changes.
fn framed() -> AnyView {
    view! {
        <components::PageFrame>
            <Outlet />
        </components::PageFrame>
    }
    .into_any()
}

/// An address that leads nowhere.
fn no_such_page() -> AnyView {
    view! {
        <components::PageFrame>
            <div class="page">
                <ui::EmptyState title="No such page.">
                    <p>
                        <a href=paths::streams()>"Go to the streams"</a>
                    </p>
                </ui::EmptyState>
            </div>
        </components::PageFrame>
    }
    .into_any()
}
