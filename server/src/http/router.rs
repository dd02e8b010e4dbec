//! The router: the application's pages and server functions, the sign-in, the
//! assets, and the layers that every request goes through.

use std::sync::{Arc, OnceLock};

use app::backend::Backend;
use app::request::RequestFacts;
use app::view::{Banner, Frame};
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes as _, generate_route_list};
use tower_http::limit::RequestBodyLimitLayer;

use super::{AppState, RequestId, assets, health, plan_files, report_files, request_log};
use crate::auth::{self, Visitor};
use crate::{clock, live, security};

/// The routes that are not the application's. The assets are one more, served
/// from a folder.
pub fn own_routes() -> Vec<(Method, &'static str, MethodRouter<AppState>)> {
    vec![
        (Method::GET, "/healthz", get(health::healthz)),
        (Method::GET, "/readyz", get(health::readyz)),
        (Method::GET, "/sign-in", get(auth::sign_in)),
        (Method::GET, "/sign-in/callback", get(auth::callback)),
        (Method::POST, "/sign-out", post(auth::sign_out)),
        (Method::GET, "/signed-out", get(auth::signed_out)),
        (Method::GET, "/live/streams", get(live::streams)),
        (Method::GET, "/live/runs/{run}", get(live::run)),
        (
            Method::GET,
            "/runs/{run}/report.md",
            get(report_files::markdown),
        ),
        (
            Method::GET,
            "/runs/{run}/report.json",
            get(report_files::json),
        ),
        (
            Method::GET,
            "/plans/{plan}/plan.json",
            get(plan_files::json),
        ),
        (
            Method::GET,
            "/plans/{plan}/offsets.csv",
            get(plan_files::offsets),
        ),
    ]
}

/// The application's pages. They are listed once, before the first page is
/// drawn: to list them Leptos runs the application without loading anything, and
/// a page that is drawn meanwhile would wait for ever.
pub fn page_routes() -> &'static [AxumRouteListing] {
    static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();
    ROUTES.get_or_init(|| generate_route_list(app::App))
}

/// The whole server.
pub fn router(state: AppState) -> Router {
    let options = state.leptos_options().clone();
    let context = {
        let state = state.clone();
        move || provide_context_of(&state)
    };
    let mut router = Router::new().leptos_routes_with_context(
        &state,
        page_routes().to_vec(),
        context,
        move || app::shell(options.clone()),
    );
    for (_, path, handler) in own_routes() {
        router = router.route(path, handler);
    }
    let server = &state.config().server;
    // The last layer is the outermost. Two of the orders matter: the gate comes
    // after the visitor is known, and the headers stand on refusals too.
    assets::add(router, &server.assets_dir)
        .fallback(security::not_found)
        .layer(middleware::from_fn_with_state(
            state.clone(),
            add_request_facts,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            security::gate,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            auth::load_visitor,
        ))
        .layer(auth::session_layer(&state))
        .layer(RequestBodyLimitLayer::new(server.body_limit_bytes as usize))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            security::set_headers,
        ))
        .layer(middleware::from_fn(request_log::request_log))
        .with_state(state)
}

/// Hands the pages what the layers found out.
async fn add_request_facts(
    axum::extract::State(state): axum::extract::State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let visitor = request
        .extensions()
        .get::<Visitor>()
        .cloned()
        .unwrap_or_default();
    let reference = request.extensions().get::<RequestId>().cloned();
    let facts = RequestFacts {
        actor: visitor.actor().cloned(),
        csrf: visitor.csrf().map(str::to_owned),
        now: clock::now(),
        reference: reference.map_or_else(String::new, |id| id.0),
        banner: state.config().server.banner.as_ref().map(banner),
    };
    if is_page(&request) {
        let frame = app::api::frame_of(facts.clone(), &**state.backend()).await;
        request.extensions_mut().insert(frame);
    }
    request.extensions_mut().insert(facts);
    next.run(request).await
}

fn is_page(request: &Request) -> bool {
    let matched = request.extensions().get::<MatchedPath>();
    matched.is_some_and(|matched| {
        page_routes()
            .iter()
            .any(|route| route.path() == matched.as_str())
    })
}

fn banner(configured: &crate::config::Banner) -> Banner {
    let link = configured.link.as_ref().map(ToString::to_string);
    Banner {
        text: configured.text.clone(),
        link_text: configured
            .link_text
            .clone()
            .or_else(|| link.clone())
            .unwrap_or_default(),
        link,
    }
}

/// Runs inside Leptos' owner, for each page and server function.
fn provide_context_of(state: &AppState) {
    // Absent while the routes are listed, before there is any request.
    if let Some(parts) = use_context::<Parts>() {
        if let Some(nonce) = parts.extensions.get::<Nonce>() {
            provide_context(nonce.clone());
        }
        if let Some(facts) = parts.extensions.get::<RequestFacts>() {
            provide_context(facts.clone());
        }
        if let Some(frame) = parts.extensions.get::<Frame>() {
            provide_context(frame.clone());
        }
    }
    provide_context::<Arc<dyn Backend>>(Arc::clone(state.backend()));
}
