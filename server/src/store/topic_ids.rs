//! Which topic ids a stream's query has been seen with.

use domain::ids::StreamName;
use domain::snapshot::FormerTopic;
use domain::time::Millis;
use sqlx::Row;
use uuid::Uuid;

use super::{Store, StoreError};

impl Store {
    /// Remembers that the topic of this name has this id while the checkpoint is
    /// of this query, and tells which other id the query began with, if it did.
    /// Where the query's id cannot be read, it is taken to be the last one: a
    /// broken `metadata` makes no other query.
    pub async fn saw_topic(
        &self,
        stream: &StreamName,
        topic: &str,
        query: Option<Uuid>,
        seen: Uuid,
        now: Millis,
    ) -> Result<Option<FormerTopic>, StoreError> {
        let query = match query {
            Some(query) => query.to_string(),
            None => match self.last_query(stream, topic).await? {
                Some(query) => query,
                None => return Ok(None),
            },
        };
        let mut known = self.topic_ids(stream, topic, &query).await?;
        let since = match known.iter().find(|(id, _)| *id == seen) {
            Some((_, since)) => *since,
            None => {
                sqlx::query(
                    "INSERT INTO topic_ids (stream, topic, query_id, topic_id, seen_ms) \
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                )
                .bind(stream.as_str())
                .bind(topic)
                .bind(&query)
                .bind(seen.to_string())
                .bind(now.0)
                .execute(&self.pool)
                .await
                .map_err(StoreError::of(StoreError::TopicId))?;
                known.push((seen, now));
                now
            }
        };
        Ok(known
            .first()
            .filter(|(first, _)| *first != seen)
            .map(|(first, _)| FormerTopic {
                topic_id: *first,
                until: since,
            }))
    }

    /// The ids, in the order in which they were first seen.
    async fn topic_ids(
        &self,
        stream: &StreamName,
        topic: &str,
        query: &str,
    ) -> Result<Vec<(Uuid, Millis)>, StoreError> {
        let failed = StoreError::of(StoreError::TopicId);
        let rows = sqlx::query(
            "SELECT topic_id, seen_ms FROM topic_ids \
             WHERE stream = $1 AND topic = $2 AND query_id = $3 \
             ORDER BY seen_ms, topic_id",
        )
        .bind(stream.as_str())
        .bind(topic)
        .bind(query)
        .fetch_all(&self.pool)
        .await
        .map_err(&failed)?;
        rows.iter()
            .map(|row| {
                let id: String = row.try_get("topic_id").map_err(&failed)?;
                let id = id.parse().map_err(|_| StoreError::Malformed {
                    what: format!("the topic id {id:?}"),
                })?;
                Ok((id, Millis(row.try_get("seen_ms").map_err(&failed)?)))
            })
            .collect()
    }

    async fn last_query(
        &self,
        stream: &StreamName,
        topic: &str,
    ) -> Result<Option<String>, StoreError> {
        let failed = StoreError::of(StoreError::TopicId);
        let row = sqlx::query(
            "SELECT query_id FROM topic_ids WHERE stream = $1 AND topic = $2 \
             ORDER BY seen_ms DESC LIMIT 1",
        )
        .bind(stream.as_str())
        .bind(topic)
        .fetch_optional(&self.pool)
        .await
        .map_err(&failed)?;
        row.map(|row| row.try_get("query_id").map_err(&failed))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_topic_made_anew_is_known_across_a_restart_and_until_the_query_changes() {
        let dir = tempfile::TempDir::new().unwrap();
        let url = format!("sqlite:{}/topics.db", dir.path().display());
        let orders: StreamName = "orders".parse().unwrap();
        let id = Uuid::from_u128;
        let saw = async |query: Option<u128>, topic: u128, at: i64| {
            let store = Store::open(&url).await.unwrap();
            let former = store
                .saw_topic(&orders, "events", query.map(id), id(topic), Millis(at))
                .await
                .unwrap();
            store.close().await;
            former
        };
        assert_eq!(saw(None, 1, 50).await, None);
        assert_eq!(saw(Some(7), 1, 100).await, None);
        assert_eq!(saw(Some(7), 1, 200).await, None);
        let made_anew = Some(FormerTopic {
            topic_id: id(1),
            until: Millis(300),
        });
        assert_eq!(saw(Some(7), 2, 300).await, made_anew);
        assert_eq!(saw(Some(7), 2, 400).await, made_anew);
        // An unreadable `metadata` is no other query.
        assert_eq!(saw(None, 2, 500).await, made_anew);
        // A reset begins another query, on the topic that is there.
        assert_eq!(saw(Some(8), 2, 600).await, None);
        assert_eq!(saw(Some(8), 2, 700).await, None);
    }
}
