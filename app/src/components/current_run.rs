//! The Run that a page shows, kept current.

use domain::error::{ErrorKind, WireError};
use domain::ids::{Digest, RunId, StreamName};
use domain::plan::PlanKind;
use leptos::context::Provider;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::act_form::Act;
use super::current::{Current, once_fetched};
use crate::api::AppError;
use crate::api::read::fetch_run;
use crate::paths;
use crate::view::{PlanView, RunPage, Weighed};

/// The Run that a page shows. What changes is read in parts, so that a form
/// keeps what was typed while the rest of the page moves on.
#[derive(Clone, Copy)]
pub struct CurrentRun {
    /// The page's value.
    pub page: Current<RunPage>,
    /// The server's time, in milliseconds; it goes on with the seconds.
    pub now_ms: Signal<i64>,
    /// The way out that the person looks at and has not chosen yet.
    pub picked: RwSignal<Option<String>>,
    /// What a way out with its parameters would do, by its word in forms, where
    /// the person asked for that.
    pub weighed: RwSignal<Option<(String, Weighed)>>,
}

impl CurrentRun {
    /// The Run of the page around.
    #[must_use]
    pub fn of_page() -> Self {
        expect_context()
    }

    /// A part of the page, told anew only when it is another.
    pub fn part<T>(self, part: impl Fn(&RunPage) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        self.page.part(part)
    }

    /// A part of the page that never changes, or as it is now.
    pub fn once<T>(self, part: impl FnOnce(&RunPage) -> T) -> T {
        self.page.once(part)
    }

    /// The Run's id.
    #[must_use]
    pub fn id(self) -> RunId {
        self.once(|page| page.run.clone())
    }

    /// The stream's name.
    #[must_use]
    pub fn stream(self) -> StreamName {
        self.once(|page| page.stream.name.clone())
    }

    /// One of the two plans.
    #[must_use]
    pub fn plan(self, kind: PlanKind) -> Memo<PlanView> {
        self.part(move |page| plan_of(page, kind).clone())
    }

    /// A part of one of the two plans.
    pub fn part_of_plan<T>(
        self,
        kind: PlanKind,
        part: impl Fn(&PlanView) -> T + Send + Sync + 'static,
    ) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        self.part(move |page| part(plan_of(page, kind)))
    }

    /// The id of one of the two plans, as forms carry it; empty without one.
    #[must_use]
    pub fn plan_id(self, kind: PlanKind) -> Memo<String> {
        self.part_of_plan(kind, |view| {
            let id = view.plan.as_ref().map(|plan| plan.id.clone());
            id.map_or_else(String::new, Digest::into)
        })
    }

    /// An action after which the page is asked for again.
    #[must_use]
    pub fn action<F: Act>(self) -> ServerAction<F> {
        self.page.action()
    }
}

fn plan_of(page: &RunPage, kind: PlanKind) -> &PlanView {
    match kind {
        PlanKind::Secure => &page.secure,
        PlanKind::Reset => &page.reset,
    }
}

/// Fetches the Run of the address, shows it by `view`, and keeps it current.
#[component]
pub fn RunOfAddress(
    /// Draws the page. Called once for a Run; what changes it takes from
    /// [`CurrentRun`].
    view: fn() -> AnyView,
) -> AnyView {
    let id = run_of_address();
    let fetched = Resource::new_blocking(move || id.get(), fetch);
    // Another Run is another page, and not this one brought up to date.
    (move || {
        id.track();
        once_fetched(fetched, move |first: RunPage| {
            let address = paths::live_run(&first.run);
            let page = Current::keep(first, fetched, &address, |page| page.now);
            let picked = RwSignal::new(None);
            let weighed = RwSignal::new(None);
            let run = CurrentRun {
                page,
                now_ms: page.now_ms,
                picked,
                weighed,
            };
            view! { <Provider value=run>{view()}</Provider> }.into_any()
        })
    })
    .into_any()
}

/// The Run in the address; none where there is no such name.
pub fn run_of_address() -> Memo<Option<RunId>> {
    let params = use_params_map();
    Memo::new(move |_| {
        params.with(|params| {
            params
                .get_str("run")
                .and_then(|run| run.parse::<RunId>().ok())
        })
    })
}

async fn fetch(id: Option<RunId>) -> Result<RunPage, AppError> {
    match id {
        Some(run) => fetch_run(run).await,
        None => Err(AppError(WireError::new(
            ErrorKind::NotFound,
            "There is no such Run.",
            "Look for it among the Runs.",
        ))),
    }
}
