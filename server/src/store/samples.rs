//! The history of a day of each stream.

use domain::ids::StreamName;
use domain::time::Millis;
use domain::verdict::Sample;
use sqlx::Row;

use super::{Store, StoreError};

impl Store {
    /// Keeps a sample, and forgets those of before `since`.
    pub async fn keep_sample(
        &self,
        stream: &StreamName,
        sample: &Sample,
        since: Millis,
    ) -> Result<(), StoreError> {
        let failed = StoreError::of(StoreError::Samples);
        let json = serde_json::to_string(sample).map_err(|_| StoreError::Malformed {
            what: "a sample".to_owned(),
        })?;
        sqlx::query(
            "INSERT INTO samples (stream, at_ms, sample) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
        )
        .bind(stream.as_str())
        .bind(sample.at.0)
        .bind(json)
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        sqlx::query("DELETE FROM samples WHERE stream = $1 AND at_ms < $2")
            .bind(stream.as_str())
            .bind(since.0)
            .execute(&self.pool)
            .await
            .map_err(&failed)?;
        Ok(())
    }

    /// The samples of a stream since then, oldest first. One that cannot be read
    /// is left out: it is a gap in a chart.
    pub async fn samples(
        &self,
        stream: &StreamName,
        since: Millis,
    ) -> Result<Vec<Sample>, StoreError> {
        let failed = StoreError::of(StoreError::Samples);
        let rows = sqlx::query(
            "SELECT sample FROM samples WHERE stream = $1 AND at_ms >= $2 ORDER BY at_ms",
        )
        .bind(stream.as_str())
        .bind(since.0)
        .fetch_all(&self.pool)
        .await
        .map_err(&failed)?;
        let mut samples = Vec::with_capacity(rows.len());
        for row in rows {
            let json: String = row.try_get("sample").map_err(&failed)?;
            samples.extend(serde_json::from_str::<Sample>(&json).ok());
        }
        Ok(samples)
    }
}
