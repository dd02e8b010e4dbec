use std::time::Duration;

use domain::access::{Person, PersonId};
use domain::verdict::Sample;
use serde_json::{Value, json};
use sqlx::Row;
use tempfile::TempDir;

use super::*;

struct Fixture {
    // Removed when the test ends.
    _dir: TempDir,
    store: Store,
    url: String,
}

async fn fixture() -> Fixture {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite:{}", dir.path().join("sluice.db").display());
    let store = Store::open(&url).await.unwrap();
    Fixture {
        _dir: dir,
        store,
        url,
    }
}

fn author() -> Author {
    Author::Person(Person {
        id: PersonId {
            issuer: "https://idp".into(),
            subject: "oda".into(),
        },
        name: "Oda".into(),
    })
}

fn index(run: &str, run_seq: i64) -> RunRow {
    RunRow {
        run: run.parse().unwrap(),
        // One open Run a stream, so each Run here has a stream of its own.
        stream: run.parse().unwrap(),
        state: "open".into(),
        option: None,
        opened_by: "Oda".into(),
        opened_at: Millis(1_000),
        ended_at: None,
        last_run_seq: run_seq,
    }
}

impl Fixture {
    async fn append(&self, run: &str, run_seq: i64) -> Result<JournalRow, AppendError> {
        self.append_with(run, run_seq, None, &json!({"note": run_seq}))
            .await
    }

    async fn append_with(
        &self,
        run: &str,
        run_seq: i64,
        lease: Option<&Lease>,
        body: &Value,
    ) -> Result<JournalRow, AppendError> {
        let row = NewRow {
            run: &run.parse().unwrap(),
            run_seq,
            at: Millis(1_000 + run_seq),
            author: &author(),
            kind: "answered",
            plan: None,
            lease,
            body,
            index: &index(run, run_seq),
        };
        self.store.append(row).await
    }

    async fn three_rows(&self) {
        self.append("orders-1", 1).await.unwrap();
        self.append("clicks-1", 1).await.unwrap();
        self.append("orders-1", 2).await.unwrap();
    }

    /// What only somebody with the database in hand can do.
    async fn tamper(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.store.pool).await.unwrap();
    }

    async fn first_bad_row(&self, known: Option<&Head>) -> FirstBadRow {
        match self.store.verify(known).await {
            Err(VerifyError::Bad(bad)) => bad,
            other => panic!("the chain should be broken, but: {other:?}"),
        }
    }
}

#[tokio::test]
async fn rows_are_read_as_they_were_appended() {
    let f = fixture().await;
    let body = json!({"b": [1, null, "é"], "a": {"x": "9007199254740993"}});
    let appended = f.append_with("orders-1", 1, None, &body).await.unwrap();
    let read = f.store.read(&"orders-1".parse().unwrap()).await.unwrap();
    assert_eq!(read, vec![appended.clone()]);
    assert_eq!(f.store.read_all(1, 10).await.unwrap(), vec![appended]);
}

#[tokio::test]
async fn an_untouched_journal_verifies_to_its_head() {
    let f = fixture().await;
    assert_eq!(f.store.verify(None).await.unwrap().seq, 0);
    f.three_rows().await;
    let head = f.store.verify(None).await.unwrap();
    assert_eq!(head.seq, 3);
    assert_eq!(head.hash, f.store.read_all(3, 1).await.unwrap()[0].hash);
    f.append("orders-1", 3).await.unwrap();
    assert_eq!(f.store.verify(Some(&head)).await.unwrap().seq, 4);
}

#[tokio::test]
async fn an_edited_row_is_named() {
    for sql in [
        "UPDATE journal SET body = '{\"note\":9}' WHERE seq = 2",
        "UPDATE journal SET actor = '{\"by\":\"sluice\"}' WHERE seq = 2",
        "UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2",
        "UPDATE journal SET kind = 'agreed' WHERE seq = 2",
        "UPDATE journal SET epoch = 1 WHERE seq = 2",
        "UPDATE journal SET plan_hash = 'x' WHERE seq = 2",
        "UPDATE journal SET run_id = 'other' WHERE seq = 2",
    ] {
        let f = fixture().await;
        f.three_rows().await;
        f.tamper(sql).await;
        let bad = f.first_bad_row(None).await;
        assert_eq!((bad.seq, bad.fault), (2, Fault::Altered), "{sql}");
    }
}

#[tokio::test]
async fn a_removed_row_is_named() {
    let f = fixture().await;
    f.three_rows().await;
    f.tamper("DELETE FROM journal WHERE seq = 2").await;
    let bad = f.first_bad_row(None).await;
    assert_eq!((bad.seq, bad.fault), (2, Fault::Missing { next: 3 }));
}

#[tokio::test]
async fn a_removed_row_with_the_rest_renumbered_is_named() {
    let f = fixture().await;
    f.three_rows().await;
    f.tamper("DELETE FROM journal WHERE seq = 2").await;
    f.tamper("UPDATE journal SET seq = 2 WHERE seq = 3").await;
    let bad = f.first_bad_row(None).await;
    assert_eq!((bad.seq, bad.fault), (2, Fault::OutOfOrder));
}

#[tokio::test]
async fn reordered_rows_are_named() {
    let f = fixture().await;
    f.three_rows().await;
    f.tamper("UPDATE journal SET seq = 9 WHERE seq = 2").await;
    f.tamper("UPDATE journal SET seq = 2 WHERE seq = 3").await;
    f.tamper("UPDATE journal SET seq = 3 WHERE seq = 9").await;
    let bad = f.first_bad_row(None).await;
    assert_eq!((bad.seq, bad.fault), (2, Fault::OutOfOrder));
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_noticed_by_who_kept_the_head() {
    let f = fixture().await;
    f.three_rows().await;
    let head = f.store.verify(None).await.unwrap();
    f.tamper("DELETE FROM journal WHERE seq = 3").await;
    assert_eq!(f.store.verify(None).await.unwrap().seq, 2);
    let bad = f.first_bad_row(Some(&head)).await;
    assert_eq!(
        (bad.seq, bad.fault),
        (3, Fault::CutOff { end: 2, wanted: 3 })
    );
    f.append("payments-1", 1).await.unwrap();
    let bad = f.first_bad_row(Some(&head)).await;
    assert_eq!((bad.seq, bad.fault), (3, Fault::OtherHistory));
}

#[tokio::test]
async fn of_two_writers_of_one_run_row_one_wins() {
    let f = fixture().await;
    f.append("orders-1", 1).await.unwrap();
    let other = Fixture {
        _dir: TempDir::new().unwrap(),
        store: Store::open(&f.url).await.unwrap(),
        url: String::new(),
    };
    let (one, two) = tokio::join!(f.append("orders-1", 2), other.append("orders-1", 2));
    let lost = match (one, two) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        both => panic!("exactly one should win: {both:?}"),
    };
    assert!(matches!(
        lost,
        AppendError::Conflict {
            wanted: 2,
            found: 2,
            ..
        }
    ));
    assert_eq!(f.store.verify(None).await.unwrap().seq, 2);
}

#[tokio::test]
async fn a_gap_in_a_run_is_refused() {
    let f = fixture().await;
    let refused = f.append("orders-1", 2).await;
    assert!(matches!(
        refused,
        Err(AppendError::Conflict { found: 0, .. })
    ));
    assert_eq!(f.store.head_seq().await.unwrap(), 0);
}

#[tokio::test]
async fn of_two_takers_of_a_lease_one_epoch_wins() {
    let f = fixture().await;
    let (one, two) = tokio::join!(
        f.store.acquire_lease("stream:orders", "a", Millis(10), 100),
        f.store.acquire_lease("stream:orders", "b", Millis(10), 100),
    );
    let (lease, refused) = match (one, two) {
        (Ok(lease), Err(refused)) | (Err(refused), Ok(lease)) => (lease, refused),
        both => panic!("exactly one should win: {both:?}"),
    };
    assert_eq!(lease.epoch, 1);
    assert!(
        matches!(&refused, LeaseRefused::Held { owner, .. } if *owner == lease.owner),
        "{refused}"
    );
}

#[tokio::test]
async fn who_lost_the_lease_can_neither_write_nor_renew() {
    let f = fixture().await;
    let old = f
        .store
        .acquire_lease("stream:orders", "a", Millis(10), 100)
        .await
        .unwrap();
    f.append_with("orders-1", 1, Some(&old), &json!({}))
        .await
        .unwrap();
    let new = f
        .store
        .acquire_lease("stream:orders", "b", Millis(110), 100)
        .await
        .unwrap();
    assert_eq!(new.epoch, 2);
    let refused = f.append_with("orders-1", 2, Some(&old), &json!({})).await;
    assert!(matches!(
        refused,
        Err(AppendError::LeaseLost { epoch: 1, .. })
    ));
    let refused = f.store.renew_lease(&old, Millis(120), 100).await;
    assert!(matches!(refused, Err(LeaseRefused::Lost { .. })));
    let row = f
        .append_with("orders-1", 2, Some(&new), &json!({}))
        .await
        .unwrap();
    assert_eq!(row.epoch, Some(2));
}

#[tokio::test]
async fn a_released_lease_can_be_taken_and_its_epoch_grows() {
    let f = fixture().await;
    let first = f
        .store
        .acquire_lease("stream:orders", "a", Millis(10), 100)
        .await
        .unwrap();
    let first = f.store.renew_lease(&first, Millis(90), 100).await.unwrap();
    let held = f
        .store
        .acquire_lease("stream:orders", "a", Millis(150), 100)
        .await;
    assert!(
        matches!(held, Err(LeaseRefused::Held { .. })),
        "renewed until 190"
    );
    f.store.release_lease(&first).await.unwrap();
    let second = f
        .store
        .acquire_lease("stream:orders", "b", Millis(150), 9)
        .await
        .unwrap();
    assert_eq!(second.epoch, 2);
}

#[tokio::test]
async fn a_busy_database_is_said_to_be_busy_and_nothing_is_written() {
    let f = fixture().await;
    let impatient = Fixture {
        _dir: TempDir::new().unwrap(),
        store: Store::open_with(&f.url, Duration::from_millis(20))
            .await
            .unwrap(),
        url: String::new(),
    };
    let lock = f.store.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = impatient.append("orders-1", 1).await;
    assert!(
        matches!(refused, Err(AppendError::Store(StoreError::Busy(_)))),
        "{refused:?}"
    );
    lock.rollback().await.unwrap();
    impatient.append("orders-1", 1).await.unwrap();
}

#[tokio::test]
async fn the_list_of_runs_follows_the_journal_and_can_be_rebuilt() {
    let f = fixture().await;
    f.three_rows().await;
    let all = f.store.runs(&RunFilter::default(), 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&index("orders-1", 2)));
    let ended = RunRow {
        ended_at: Some(Millis(5_000)),
        option: Some("latest".into()),
        ..index("orders-1", 2)
    };
    f.store
        .rebuild_runs(std::slice::from_ref(&ended))
        .await
        .unwrap();
    assert_eq!(
        f.store.runs(&RunFilter::default(), 10).await.unwrap(),
        vec![ended]
    );
    let open = RunFilter {
        open_only: true,
        ..RunFilter::default()
    };
    assert!(f.store.runs(&open, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn blobs_are_kept_once_and_proved_when_read() {
    let f = fixture().await;
    let digest = f.store.put_blob(b"keys").await.unwrap();
    assert_eq!(f.store.put_blob(b"keys").await.unwrap(), digest);
    assert_eq!(
        f.store.blob(&digest).await.unwrap().as_deref(),
        Some(&b"keys"[..])
    );
    f.tamper("UPDATE blobs SET content = x'00'").await;
    let altered = f.store.blob(&digest).await;
    assert!(matches!(altered, Err(StoreError::BlobAltered { .. })));
}

#[tokio::test]
async fn a_sign_in_attempt_is_taken_once_and_by_its_browser_only() {
    let f = fixture().await;
    let attempt = LoginAttempt {
        nonce: "n".into(),
        pkce_verifier: "v".into(),
        return_to: "/streams".into(),
        fresh: true,
    };
    f.store
        .begin_login("s", "browser", &attempt, Millis(100))
        .await
        .unwrap();
    let take = |browser, now| f.store.take_login("s", browser, Millis(now));
    assert!(take("other", 50).await.unwrap().is_none());
    assert!(
        take("browser", 100).await.unwrap().is_none(),
        "expired at 100"
    );
    let taken = take("browser", 50).await.unwrap().unwrap();
    assert_eq!((taken.nonce.as_str(), taken.fresh), ("n", true));
    assert!(take("browser", 50).await.unwrap().is_none());
}

#[tokio::test]
async fn samples_are_kept_for_a_day_and_by_stream() {
    let fixture = fixture().await;
    let (orders, clicks) = ("orders".parse().unwrap(), "clicks".parse().unwrap());
    let sample = |minute: i64| Sample {
        at: Millis(minute * 60_000),
        committed: Some(minute),
        ..Sample::default()
    };
    let store = &fixture.store;
    for minute in [1, 2, 2, 1_442] {
        let since = Millis((minute - 1_440) * 60_000);
        let sample = sample(minute);
        store.keep_sample(&orders, &sample, since).await.unwrap();
    }
    store
        .keep_sample(&clicks, &sample(1), Millis(0))
        .await
        .unwrap();
    let read = store.samples(&orders, Millis(0)).await.unwrap();
    assert_eq!(read, [sample(2), sample(1_442)]);
    let later = store.samples(&orders, Millis(3 * 60_000)).await.unwrap();
    assert_eq!(later, [sample(1_442)]);
    assert_eq!(store.samples(&clicks, Millis(0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_follower_hears_of_each_new_row() {
    let f = fixture().await;
    f.append("orders-1", 1).await.unwrap();
    let mut follower = f.store.follow();
    assert_eq!(*follower.borrow_and_update(), 1);
    f.append("orders-1", 2).await.unwrap();
    assert_eq!(*follower.borrow_and_update(), 2);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made_by_a_reader() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("none.db");
    let opened = Store::open_existing(&format!("sqlite:{}", path.display())).await;
    assert!(matches!(opened, Err(StoreError::Open(_))));
    assert!(!path.exists());
}

/// Read back from SQLite itself: a row must survive a loss of power.
#[tokio::test]
async fn every_commit_is_synced_to_the_disk() {
    let f = fixture().await;
    let pragma = |sql: &'static str| sqlx::query(sql).fetch_one(&f.store.pool);
    let mode: String = pragma("PRAGMA journal_mode").await.unwrap().get(0);
    assert_eq!(mode, "wal");
    let synchronous: i64 = pragma("PRAGMA synchronous").await.unwrap().get(0);
    assert_eq!(synchronous, 2, "FULL");
}
