//! Keeps a page current: it is told when something changed, and asks again.
//!
//! The stream of events says only *that* something changed; what is shown
//! always comes from the page's own server function, so that nobody is told
//! more than they may read.

#[cfg_attr(feature = "hydrate", path = "browser.rs")]
#[cfg_attr(not(feature = "hydrate"), path = "no_browser.rs")]
mod line;

use std::time::Duration;

use leptos::prelude::*;
use line::Line;

/// Changes that come together lead to one question.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// The browser tries again by itself after a cut; after a refusal it does not.
const RETRY: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_secs(1);

/// How current a page is.
#[derive(Clone, Copy)]
pub struct Live {
    /// Whether the connection is lost. Before there is any it is not.
    pub lost: ReadSignal<bool>,
    /// Seconds since the page was last brought up to date, counted and not
    /// read from a clock: the server and the browser need not agree on one.
    pub seconds: ReadSignal<i64>,
    set_seconds: WriteSignal<i64>,
}

impl Live {
    /// Says that what is shown is as of now.
    pub fn refreshed(self) {
        self.set_seconds.set(0);
    }

    /// The server's time when a page of this time was drawn, with the seconds
    /// that have passed since.
    #[must_use]
    pub fn now_ms(
        self,
        drawn_ms: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Signal<i64> {
        Signal::derive(move || {
            drawn_ms().saturating_add(self.seconds.get().saturating_mul(1_000))
        })
    }
}

/// Listens at `address` for as long as the caller's part of the page is there,
/// and calls `changed` when what is shown may be old. On the server nothing
/// happens.
#[must_use]
pub fn follow(address: Signal<String>, changed: Callback<()>) -> Live {
    let (lost, set_lost) = signal(false);
    let (seconds, set_seconds) = signal(0_i64);
    // Only browsers run effects. On the server a page is dropped by another
    // thread than the one that made it, so nothing of one thread may be in it.
    Effect::new(move |_| {
        let wire = Wire {
            line: StoredValue::new_local(None),
            asked: StoredValue::new(false),
            set_lost,
            changed,
        };
        wire.open(address.get());
        on_cleanup(move || wire.close());
    });
    Effect::new(move |_| {
        let tick = move || set_seconds.update(|seconds| *seconds += 1);
        if let Ok(ticking) = set_interval_with_handle(tick, TICK) {
            on_cleanup(move || ticking.clear());
        }
    });
    Live {
        lost,
        seconds,
        set_seconds,
    }
}

/// What holds one connection together.
#[derive(Clone, Copy)]
struct Wire {
    line: StoredValue<Option<Line>, LocalStorage>,
    /// Whether a question is due already.
    asked: StoredValue<bool>,
    set_lost: WriteSignal<bool>,
    changed: Callback<()>,
}

impl Wire {
    fn open(self, address: String) {
        self.close();
        let again = address.clone();
        let line = Line::open(
            &address,
            // What happened before the connection stood was not told.
            move || {
                self.set_lost.set(false);
                self.ask();
            },
            move || self.ask(),
            move |refused| {
                self.set_lost.set(true);
                if refused {
                    let again = again.clone();
                    set_timeout(move || self.open_again(again), RETRY);
                }
            },
        );
        self.line.set_value(line);
    }

    /// Tries once more, unless the page has gone.
    fn open_again(self, address: String) {
        if self.line.try_with_value(Option::is_some) == Some(true) {
            self.open(address);
        }
    }

    fn ask(self) {
        if self.asked.get_value() {
            return;
        }
        self.asked.set_value(true);
        set_timeout(
            move || {
                // The page may have gone meanwhile.
                if self.asked.try_set_value(false).is_none() {
                    self.changed.run(());
                }
            },
            DEBOUNCE,
        );
    }

    fn close(self) {
        let _gone = self.line.try_update_value(|line| {
            if let Some(line) = line.take() {
                line.close();
            }
        });
    }
}
