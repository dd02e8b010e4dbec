//! What a page shows, kept current.

use domain::error::WireError;
use domain::time::Millis;
use leptos::prelude::*;
use leptos::reactive::computed::ScopedFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::act_form::Act;
use super::problem::{ErrorCallout, FailedPage};
use crate::api::AppError;
use crate::live::{self, Live};
use crate::ui::*;

/// The answer of a server function that a page is drawn from.
pub type Fetched<T> = Resource<Result<T, AppError>>;

/// What a page shows. What changes is read in parts, so that a part of the page
/// is drawn anew only when what it shows is another.
pub struct Current<T: Send + Sync + 'static> {
    value: ReadSignal<T>,
    reload: Callback<()>,
    /// Why it could not be brought up to date the last time.
    problem: RwSignal<Option<WireError>>,
    live: Live,
    /// The server's time, in milliseconds; it goes on with the seconds.
    pub now_ms: Signal<i64>,
}

impl<T: Send + Sync + 'static> Clone for Current<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Current<T> {}

impl<T: Clone + Send + Sync + 'static> Current<T> {
    /// Begins with what was fetched `first`, and fetches again whenever the
    /// server tells at `address` that something changed. `now` is the server's
    /// time in a value.
    #[must_use]
    pub fn keep(
        first: T,
        fetched: Fetched<T>,
        address: &str,
        now: fn(&T) -> Millis,
    ) -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        let (value, set_value) = signal(first);
        let problem = RwSignal::new(None);
        let address = Signal::stored(address.to_owned());
        let reload = Callback::new(move |()| fetched.refetch());
        let live = live::follow(address, reload);
        Effect::new(move |_| match fetched.get() {
            Some(Ok(new)) => {
                live.refreshed();
                problem.set(None);
                set_value.set(new);
            }
            Some(Err(AppError(error))) => problem.set(Some(error)),
            None => {}
        });
        Self {
            value,
            reload,
            problem,
            live,
            now_ms: live.now_ms(move || value.with(|value| now(value).0)),
        }
    }

    /// A part of it, told anew only when it is another.
    pub fn part<P>(self, part: impl Fn(&T) -> P + Send + Sync + 'static) -> Memo<P>
    where
        P: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.value.with(&part))
    }

    /// A part of it that never changes.
    pub fn once<P>(self, part: impl FnOnce(&T) -> P) -> P {
        self.value.with_untracked(part)
    }

    /// An action after which it is fetched again.
    #[must_use]
    pub fn action<F: Act>(self) -> ServerAction<F> {
        let action = ServerAction::<F>::new();
        // An error that a plain form came back with stands at the head of the
        // page. Each form of the same action would say it again.
        action.clear();
        let version = action.version();
        Effect::new(move |before: Option<usize>| {
            let version = version.get();
            if before.is_some_and(|before| before != version) {
                self.reload.run(());
            }
            version
        });
        action
    }
}

/// Says that a page may be old: nothing new can be heard, or it could not be
/// read again. Nothing otherwise.
#[component]
pub fn Freshness<T: Clone + Send + Sync + 'static>(
    /// What the page shows.
    of: Current<T>,
) -> AnyView {
    view! {
        <super::live_note::LiveNote live=of.live />
        {move || of.problem.get().map(|error| view! { <ErrorCallout error /> })}
    }
    .into_any()
}

/// Draws a page once what it shows was fetched, or says why it cannot be. What
/// is fetched later must not draw it anew: `view` hands it to [`Current`].
pub fn once_fetched<T>(
    fetched: Fetched<T>,
    view: impl FnOnce(T) -> AnyView + Send + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    let drawn = Suspend::new(async move {
        match ScopedFuture::new_untracked(async move { fetched.await }).await {
            Ok(first) => view(first),
            Err(AppError(error)) => view! { <FailedPage error /> }.into_any(),
        }
    });
    view! { <Transition fallback=page_to_come>{drawn}</Transition> }.into_any()
}

/// Holds the place of a page.
#[must_use]
pub fn page_to_come() -> AnyView {
    view! {
        <div class="page">
            <Skeleton lines=8 />
        </div>
    }
    .into_any()
}
