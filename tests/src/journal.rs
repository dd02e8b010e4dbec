//! The journal, read straight from the database.

use std::path::Path;

use domain::ids::RunId;
use domain::run::Event;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Row as _};

/// A connection of its own to Sluice's database.
pub struct Journal {
    connection: SqliteConnection,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The place in the Run, from 1.
    pub run_seq: i64,
    /// The event's word.
    pub kind: String,
    /// The event.
    pub event: Event,
}

impl Journal {
    pub(crate) async fn open(file: &Path) -> Self {
        let connection = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(std::time::Duration::from_secs(10))
            .connect()
            .await
            .unwrap_or_else(|error| panic!("{} does not open: {error}", file.display()));
        Self { connection }
    }

    /// How many rows there are, of whichever Run.
    pub async fn rows(&mut self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM journal")
            .fetch_one(&mut self.connection)
            .await
            .expect("the journal can be counted")
    }

    /// The rows of a Run, oldest first.
    pub async fn of(&mut self, run: &RunId) -> Vec<Row> {
        sqlx::query(
            "SELECT run_seq, kind, body FROM journal WHERE run_id = $1 ORDER BY run_seq",
        )
        .bind(run.as_str())
        .fetch_all(&mut self.connection)
        .await
        .expect("the journal can be read")
        .iter()
        .map(|row| {
            let body: serde_json::Value =
                serde_json::from_str(row.get("body")).expect("a body is JSON");
            Row {
                run_seq: row.get("run_seq"),
                kind: row.get("kind"),
                event: serde_json::from_value(body["event"].clone())
                    .expect("a body holds an event"),
            }
        })
        .collect()
    }

    /// Changes the words of a row, as somebody with the file in their hands could.
    pub async fn forge(&mut self, run: &RunId, run_seq: i64) {
        let done = sqlx::query(
            "UPDATE journal SET actor = 'nobody' WHERE run_id = $1 AND run_seq = $2",
        )
        .bind(run.as_str())
        .bind(run_seq)
        .execute(&mut self.connection)
        .await
        .expect("the journal can be forged");
        assert_eq!(done.rows_affected(), 1, "there is no row {run_seq}");
    }
}
