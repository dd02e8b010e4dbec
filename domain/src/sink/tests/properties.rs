//! Whatever lies at a place is looked at.

use proptest::prelude::*;

use super::*;

fn a_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "_spark_metadata/(-?[0-9]{1,20}|[a-z.]{0,9})(\\.compact)?",
        "_delta_log/[0-9]{18,22}\\.(json|crc|checkpoint\\.parquet)",
        "_delta_log/_last_checkpoint",
        "metadata/v?[0-9]{1,22}(-[a-f0-9]{1,8})?(\\.gz)?\\.metadata\\.json",
        "\\.hoodie/(timeline/)?[0-9]{1,20}(_[0-9]{1,9})?\\.(commit|deltacommit)",
        "[ -~]{0,30}",
    ]
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    let cut = |text: String| {
        (0..=text.len()).prop_map(move |at| text.as_bytes()[..at].to_vec())
    };
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        any::<i64>().prop_map(|n| delta(QUERY, n)).prop_flat_map(cut),
        any::<i64>().prop_map(|n| iceberg(&[(QUERY, n)])).prop_flat_map(cut),
        any::<i64>().prop_map(|n| hudi("w", &n.to_string())).prop_flat_map(cut),
        Just(LINE.to_owned()).prop_flat_map(cut),
        // A circle of ancestors.
        Just(b"{\"current-snapshot-id\":1,\"snapshots\":[{\"snapshot-id\":1,\"parent-snapshot-id\":1}]}".to_vec()),
    ]
}

proptest! {
    #[test]
    fn whatever_lies_there_is_looked_at_without_a_panic(
        files in proptest::collection::btree_map(a_name(), some_bytes(), 0..12),
        batch in any::<i64>(),
        replay in any::<bool>(),
    ) {
        let mut view = SinkView::new(PLACE);
        for (key, bytes) in files {
            view.listing.insert(key.clone(), ListedObject {
                size: bytes.len() as u64,
                ..ListedObject::default()
            });
            view.bytes.insert(key, bytes);
        }
        prop_assert!(view.wanted().is_empty(), "all was read");
        let mut checkpoint = checkpoint(7, replay);
        checkpoint.prognosis = Prognosis::Starts {
            batch_id: batch,
            start_offsets: Vec::new(),
            end_offsets: None,
            replay,
        };
        let seen = SinkSeen::of(&view, SinkKind::FileSink).beside(&checkpoint);
        prop_assert!(seen.remembered.len() <= 10);
        // What is found says what the sink does, and the other way round.
        let drops = match seen.effect(&next_start(&checkpoint.prognosis).unwrap()) {
            Effect::Drops { .. } => seen.kind() != Some(SinkKind::Hudi),
            _ => false,
        };
        let found = seen.findings.iter().any(|finding| finding.id != "C45");
        prop_assert_eq!(found, drops);
        let _ = delta_list_after(view.bytes.values().next().map_or(&[], Vec::as_slice));
    }
}
