use super::*;

#[test]
fn batch_names_are_judged_as_java_judges_them() {
    for (name, expected) in [
        ("6", Some(6)),
        ("006", Some(6)),
        ("-1", Some(-1)),
        ("+5", Some(5)),
        ("9.compact", None),
        (".6.tmp", None),
        ("", None),
        ("-", None),
        ("9223372036854775808", None),
        ("6 ", None),
    ] {
        assert_eq!(java_long(name), expected, "{name:?}");
    }
}

#[test]
fn checkpoints_below_a_root_are_found_and_a_checkpoint_has_none() {
    let of = |keys: &[&str]| nested_checkpoints(keys.iter().copied());
    assert_eq!(
        of(&[
            "metadata",
            "offsets/12",
            "offsets/.12.x.tmp",
            "sources/0/0",
            "state/0/_metadata/metadata",
            "state/0/0/_metadata/schema",
            "state/0/0/left/1.delta",
            "_stateSchema/default/0_4e77",
            "notes/readme.txt",
            "",
        ]),
        [] as [&str; 0]
    );
    assert_eq!(
        of(&[
            "points/metadata",
            "points/offsets/3",
            "tiers/commits/3",
            "deep/er/sources/0/0",
            "orders_backup_20260101_000000Z/offsets/9",
            "orders_backup_20260101_000000Z.manifest.json",
            "offsets/1",
        ]),
        [
            "deep/er",
            "orders_backup_20260101_000000Z",
            "points",
            "tiers"
        ]
    );
}

#[test]
fn every_kind_of_key_is_known() {
    use CheckpointFile as F;
    assert_eq!(F::of_key("metadata"), F::Metadata);
    assert_eq!(F::of_key("offsets/12"), F::Offsets(12));
    assert_eq!(F::of_key("commits/12"), F::Commits(12));
    assert_eq!(F::of_key("sources/1/0"), F::SourceOffset(1));
    assert_eq!(F::of_key("offsets/.8.e27-9dc.tmp"), F::Temp);
    assert_eq!(F::of_key("offsets/.8.crc"), F::LocalChecksum);
    assert_eq!(F::of_key("offsets/9.compact"), F::Other);
    assert_eq!(
        F::of_key("state/0/_stateSchema/default/3_60aff46d-1"),
        F::StateSchemaSince {
            op: 0,
            store: "default".to_owned(),
            batch: 3,
            unique_id: "60aff46d-1".to_owned(),
        }
    );
    assert_eq!(F::of_key("offsets/"), F::Marker);
    assert_eq!(F::of_key("offsets_$folder$"), F::Marker);
    let inside = |log, batch| F::InsideBatchDirectory { log, batch };
    assert_eq!(F::of_key("offsets/7/x"), inside(LogDirectory::Offsets, 7));
    assert_eq!(F::of_key("commits/7/"), inside(LogDirectory::Commits, 7));
    for key in [
        "state/0/1/6.delta",
        "state/0/1/left-keyToNumValues/6.snapshot",
        "state/2/0/13.zip",
        "state/2/0/13_4e77370e-aaaa.changelog",
    ] {
        let F::State(file) = F::of_key(key) else {
            panic!("{key}")
        };
        assert_eq!(file.key(), key);
    }
    assert!(matches!(
        F::of_key("state/0/1/left/logs/000009-a.log"),
        F::StateLog { .. }
    ));
    assert!(matches!(
        F::of_key("state/0/1/6.delta.crc"),
        F::StateChecksum(_)
    ));
    assert!(matches!(
        F::of_key("state/0/0/_metadata/schema"),
        F::StateSchema { .. }
    ));
    assert!(matches!(
        F::of_key("state/0/_metadata/v2/3"),
        F::OperatorMetadata {
            op: 0,
            batch: Some(3)
        }
    ));
}
