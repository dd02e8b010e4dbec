//! Every route and server function, and who may call it.
//!
//! What is not here is answered with 404, and a test fails when the routes and
//! this table differ. The table knows roles, not streams: whether a role holds
//! for the stream at hand is decided by `domain::access::can`, in the backend.

use axum::http::Method;
use domain::access::{Action, Actor};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Everybody who has signed in.
    SignedIn,
    /// Who may do one of these, for at least one stream.
    May(&'static [Action]),
}

/// Whether a request may come from another site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossSite {
    /// No, if it changes something.
    Refused,
    /// Yes, although it changes something; with the reason why that is safe.
    Allowed(&'static str),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Rule {
    pub method: Method,
    /// As the router matches it, with its parameters in braces.
    pub path: &'static str,
    pub access: Access,
    pub cross_site: CrossSite,
}

/// A page, or data that is only read.
const fn get(path: &'static str, access: Access) -> Rule {
    Rule {
        method: Method::GET,
        path,
        access,
        cross_site: CrossSite::Refused,
    }
}

/// Something that may change something.
const fn post(path: &'static str, access: Access) -> Rule {
    Rule {
        method: Method::POST,
        path,
        access,
        cross_site: CrossSite::Refused,
    }
}

const VIEW: Access = Access::May(&[Action::View]);
const PREPARE: Access = Access::May(&[Action::Prepare]);

/// The table.
pub const TABLE: &[Rule] = &[
    get("/healthz", Access::Public),
    get("/readyz", Access::Public),
    get("/pkg/{*file}", Access::Public),
    get("/sign-in", Access::Public),
    Rule {
        method: Method::GET,
        path: "/sign-in/callback",
        access: Access::Public,
        cross_site: CrossSite::Allowed(
            "the provider sends the browser back by a cross-site GET; a one-time state, \
             bound to the browser that began, takes the place of the origin",
        ),
    },
    post("/sign-out", Access::SignedIn),
    get("/signed-out", Access::Public),
    get("/gallery", Access::Public),
    get("/", VIEW),
    get("/streams/{name}", VIEW),
    get("/streams/{name}/files/{*key}", VIEW),
    get("/streams/{name}/troubleshoot", VIEW),
    get("/streams/{name}/offsets", VIEW),
    get("/runs", VIEW),
    get("/runs/{run}", VIEW),
    get("/runs/{run}/checklist", VIEW),
    get("/runs/{run}/way-out", VIEW),
    get("/runs/{run}/secure", VIEW),
    get("/runs/{run}/plan", VIEW),
    get("/runs/{run}/agreement", VIEW),
    get("/runs/{run}/run", VIEW),
    get("/runs/{run}/report", VIEW),
    get("/runs/{run}/sign-off", VIEW),
    get("/plans/{plan}", VIEW),
    get("/plans/{plan}/compare/{other}", VIEW),
    get("/plans/{plan}/plan.json", VIEW),
    get("/plans/{plan}/offsets.csv", VIEW),
    get("/runs/{run}/report.md", VIEW),
    get("/runs/{run}/report.json", VIEW),
    get("/live/streams", VIEW),
    get("/live/runs/{run}", VIEW),
    // The frame is drawn around every page, so also for who has not signed in.
    get("/fn/frame", Access::Public),
    get("/fn/streams", VIEW),
    get("/fn/stream", VIEW),
    get("/fn/log-tail", VIEW),
    get("/fn/file", VIEW),
    get("/fn/troubleshoot", VIEW),
    get("/fn/offsets", VIEW),
    get("/fn/runs", VIEW),
    get("/fn/run", VIEW),
    get("/fn/weigh", VIEW),
    get("/fn/plan", VIEW),
    get("/fn/compare", VIEW),
    get("/fn/report", VIEW),
    post("/fn/open-run", PREPARE),
    post("/fn/answer", PREPARE),
    post("/fn/choose", PREPARE),
    post("/fn/import-plan", PREPARE),
    post("/fn/adopt-plan", PREPARE),
    post("/fn/make-plan", PREPARE),
    post("/fn/preflight", PREPARE),
    post("/fn/request-agreement", PREPARE),
    post("/fn/vote", Access::May(&[Action::Approve, Action::SignOff])),
    post("/fn/start", Access::May(&[Action::Start])),
    post("/fn/abort", Access::May(&[Action::Abort])),
    post("/fn/resume", Access::May(&[Action::Start])),
    post("/fn/try-write", Access::May(&[Action::TryWrite])),
];

/// The rule for a route, if there is one. HEAD is GET without the body.
pub fn find(method: &Method, matched_path: &str) -> Option<&'static Rule> {
    let method = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    TABLE
        .iter()
        .find(|rule| rule.method == *method && rule.path == matched_path)
}

impl Access {
    /// Whether the actor has a role, for whichever stream, that would do.
    pub fn admits(self, actor: &Actor) -> bool {
        match self {
            Self::Public | Self::SignedIn => true,
            Self::May(actions) => actor.grants.iter().any(|grant| {
                actions
                    .iter()
                    .any(|action| action.roles().contains(&grant.role))
            }),
        }
    }
}
