//! A store of 10,000 threads and 100,000 messages: what is shown often is found by an index, and quickly.

use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;

use crate::store::Growth;
use crate::table::{conversation, message, message_text};
use crate::{Options, Store, StoreError};

const THREADS: i64 = 10_000;
const MESSAGES: i64 = 100_000;

/// Far above what is measured (in the low milliseconds), so that a busy machine does not fail, and far below what a
/// walk over all rows with their texts takes there.
const QUICK: Duration = Duration::from_millis(500);

async fn filled(store: &Store) {
    let mut db = store.begin(Growth::New).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?)
         INSERT INTO conversation (n, id, title, created_ms, updated_ms, touched, leaf_id)
         SELECT n, 'c' || n, 'title ' || n, n, n, n, 'm' || (n + 90000) FROM i",
    )
    .bind(THREADS)
    .execute(&mut *db)
    .await
    .unwrap();
    // Ten messages a thread, each after the one before it.
    sqlx::query(
        "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?)
         INSERT INTO message (n, id, conversation_id, parent_id, role, name, content, status, created_ms, timestamp, metadata)
         SELECT n, 'm' || n, 'c' || ((n - 1) % 10000 + 1), CASE WHEN n > 10000 THEN 'm' || (n - 10000) END, 'user', 'you',
            '[{\"type\":\"text\",\"text\":\"the quick brown fox number ' || n || ' jumps over the lazy dog\"}]',
            'complete', n, '', '{}' FROM i",
    )
    .bind(MESSAGES)
    .execute(&mut *db)
    .await
    .unwrap();
    sqlx::raw_sql(
        "INSERT INTO message_text (rowid, words)
         SELECT n, 'the quick brown fox number ' || n || ' jumps over the lazy dog' FROM message",
    )
    .execute(&mut *db)
    .await
    .unwrap();
    store.commit(db).await.unwrap();
}

/// Each step of SQLite's plan that walks over all rows of a table. Lists made on the way, as long as the answer is, are
/// no tables.
async fn walks(db: &mut SqliteConnection, sql: &str) -> Vec<String> {
    use sqlx::Row as _;

    let tables = ["SCAN conversation", "SCAN message", "SCAN this", "SCAN other"];
    let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let steps = sqlx::query(explained).fetch_all(db).await.unwrap();
    steps
        .iter()
        .map(|row| row.get::<String, _>("detail"))
        .filter(|step| tables.iter().any(|table| step.starts_with(table)))
        .filter(|step| !step.contains(" INDEX "))
        .collect()
}

#[tokio::test]
async fn a_large_store_stays_quick() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Options::default()).await.unwrap();
    filled(&store).await;

    let mut reader = store.readers().acquire().await.unwrap();
    for sql in [conversation::LIST, message::BRANCH, message_text::FIND] {
        assert_eq!(walks(&mut reader, sql).await, [""; 0], "{sql}");
    }
    assert_eq!(walks(&mut reader, "SELECT * FROM message WHERE name = 'x'").await.len(), 1, "a walk would be seen");
    drop(reader);

    let mut times = Vec::new();
    let start = Instant::now();
    let mut lap = |what: &'static str, start: Instant| times.push((what, start.elapsed()));
    assert_eq!(store.conversations(0, 50).await.unwrap()[0].id, "c10000");
    lap("first lines", start);
    let start = Instant::now();
    assert_eq!(store.conversations(9_900, 50).await.unwrap()[49].id, "c51");
    lap("last lines", start);
    let start = Instant::now();
    assert_eq!(store.messages("c5000").await.unwrap().len(), 10);
    lap("a thread", start);
    let start = Instant::now();
    assert_eq!(store.search("number 77777", 50).await.unwrap().len(), 1);
    lap("a rare word", start);
    println!("measured: {times:?}");
    assert!(times.iter().all(|(_, time)| *time < QUICK), "{times:?}");

    // Each of 100,000 messages is a hit, and each must be weighed: it may be refused, but not take longer.
    let start = Instant::now();
    let common = store.search("the", 50).await;
    println!("measured: a word in every message: {:?}, {} hits", start.elapsed(), common.as_ref().map_or(0, Vec::len));
    assert!(matches!(&common, Ok(hits) if hits.len() == 50) || matches!(common, Err(StoreError::Slow)), "{common:?}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}
