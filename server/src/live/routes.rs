//! `/live/streams` and `/live/runs/{run}`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::ids::RunId;
use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::http::{AppState, PlainPage};

/// Changes that follow each other closely make one event.
const GAP: Duration = Duration::from_secs(1);
/// Below the idle timeouts of proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After a lost connection a browser waits this long, and a random part more,
/// so that not all come at once after a restart.
const RETRY_MS: u64 = 1_000;
const RETRY_JITTER_MS: u64 = 4_000;

/// Events whenever any stream or open Run has changed.
pub async fn streams(State(state): State<AppState>) -> Response {
    answer(&state, state.live().follow_streams())
}

/// Events whenever this Run has changed. Whether it exists is not told.
pub async fn run(State(state): State<AppState>, Path(run): Path<String>) -> Response {
    match run.parse::<RunId>() {
        Ok(run) => answer(&state, state.live().follow_run(&run)),
        Err(_) => PlainPage::new(
            StatusCode::NOT_FOUND,
            "There is no such Run",
            "The address leads to nothing here.",
        )
        .into_response(),
    }
}

fn answer(state: &AppState, changes: watch::Receiver<u64>) -> Response {
    let Some(seat) = state.live().seat() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "30")],
            "Too many pages are following. This one can be loaded anew by hand.",
        )
            .into_response();
    };
    let events = events(changes, state.shutdown().clone(), seat);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // nginx would hold events back otherwise.
    response
        .headers_mut()
        .insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    response
}

/// The first event comes at once: what changed between the drawing of the page
/// and now, or since the `Last-Event-ID`, is in it. The stream ends with the
/// server.
fn events(
    changes: watch::Receiver<u64>,
    stop: CancellationToken,
    seat: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let start = (changes, stop, seat, None::<Instant>);
    futures::stream::unfold(start, |(mut changes, stop, seat, last)| async move {
        if let Some(last) = last {
            let next = async {
                sleep_until(last + GAP).await;
                changes.changed().await
            };
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = next => changed.ok()?,
            }
        }
        let number = *changes.borrow_and_update();
        let mut event = Event::default().id(number.to_string()).data("changed");
        if last.is_none() {
            let wait = RETRY_MS + rand::random_range(0..RETRY_JITTER_MS);
            event = event.retry(Duration::from_millis(wait));
        }
        Some((Ok(event), (changes, stop, seat, Some(Instant::now()))))
    })
}
