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

#[cfg(test)]
mod tests {
    use axum::response::Response;
    use futures::StreamExt as _;

    use super::*;
    use crate::live::Live;

    /// The events that come until `stop`, as they stand on the wire.
    fn follow(live: &Live, stop: &CancellationToken) -> Response {
        let seat = live.seat().expect("there are seats");
        let changes = live.follow_streams();
        Sse::new(events(changes, stop.clone(), seat)).into_response()
    }

    fn id(frame: &[u8]) -> u64 {
        let text = std::str::from_utf8(frame).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("id:"))
            .unwrap();
        line.trim().parse().unwrap()
    }

    #[tokio::test]
    async fn the_first_event_comes_at_once_and_many_changes_make_one_more() {
        let (live, stop) = (Live::new(), CancellationToken::new());
        let mut frames = follow(&live, &stop).into_body().into_data_stream();
        let first = frames.next().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&first).contains("retry:"));
        for _ in 0..50 {
            live.streams_changed();
        }
        let second = frames.next().await.unwrap().unwrap();
        assert_eq!(id(&second), id(&first) + 50);
        live.streams_changed();
        let third = frames.next().await.unwrap().unwrap();
        assert_eq!(id(&third), id(&first) + 51);
    }

    #[tokio::test]
    async fn the_events_end_with_the_server_and_give_their_seat_back() {
        let (live, stop) = (Live::new(), CancellationToken::new());
        let before = live.free_seats();
        let mut frames = follow(&live, &stop).into_body().into_data_stream();
        frames.next().await.unwrap().unwrap();
        assert_eq!(live.free_seats(), before - 1);
        stop.cancel();
        assert!(frames.next().await.is_none());
        drop(frames);
        assert_eq!(live.free_seats(), before);
    }
}
