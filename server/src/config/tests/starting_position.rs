//! `[streams.starting_position]`: what carries the starting offsets.

use super::*;

/// The example with this table for where a start begins.
fn with_position(table: &str) -> String {
    example().replace(
        "[streams.metrics]\n",
        &format!("[streams.starting_position]\n{table}\n[streams.metrics]\n"),
    )
}

#[test]
fn a_starting_position_that_no_job_could_take_is_refused_with_its_line() {
    for (table, line, key, says) in [
        ("carrier = \"seed\"\nkey = \"spark.a\"", 2, "key", "no key"),
        ("carrier = \"conf\"", 0, "key", "the Spark conf key"),
        (
            "carrier = \"conf\"\nkey = \"orders.from\"",
            2,
            "key",
            "begins with \"spark.\": spark-submit ignores every other",
        ),
        (
            "carrier = \"conf\"\nkey = \"spark.a b\"",
            2,
            "key",
            "letters, digits",
        ),
        ("carrier = \"argument\"", 0, "key", "name of the argument"),
        (
            "carrier = \"argument\"\nkey = \"--from\"",
            2,
            "key",
            "without the dashes",
        ),
        ("carrier = \"environment\"", 1, "carrier", "unknown variant"),
    ] {
        let text = with_position(table);
        let header = text.find("\n[streams.starting_position]\n").unwrap() + 1;
        let header = text[..header].matches('\n').count() + 1;
        let problems = refused(&text);
        assert_eq!(problems.len(), 1, "{table}: {problems:?}");
        let problem = &problems[0];
        assert_eq!(problem.key, format!("streams[0].starting_position.{key}"));
        assert_eq!(
            problem.line.map(usize::try_from),
            Some(Ok(header + line)),
            "{table}"
        );
        assert!(problem.to_string().contains(says), "{table}: {problem}");
    }
}

#[test]
fn a_carrier_that_cannot_hold_every_source_is_refused() {
    let table = "carrier = \"argument\"\nkey = \"from\"";
    parse(&with_position(table))
        .map_err(|problems| format!("{problems:?}"))
        .unwrap();
    let two = with_position(table).replace("# sources = 1\n", "sources = 2\n");
    let problems = refused(&two);
    assert_eq!(problems[0].key, "streams[0].starting_position.carrier");
    assert!(problems[0].allowed.contains("2 sources"), "{}", problems[0]);
}

#[test]
fn two_streams_of_one_job_do_not_share_a_carrying_key() {
    let both = |first: &str, second: &str| {
        let one = example().replace(
            "[streams.metrics]\n",
            "[streams.starting_position]\ncarrier = \"conf\"\nkey = \"KEY\"\n\n[streams.metrics]\n",
        );
        let start = one.find("[[streams]]").unwrap();
        let other = one[start..]
            .replace("\nname = \"orders\"\n", "\nname = \"clicks\"\n")
            .replace(
                "s3://bucket/_checkpoints/streaming/orders/",
                "s3://bucket/_checkpoints/streaming/clicks/",
            )
            .replace("KEY", second);
        format!("{}\n{other}", one.replace("KEY", first))
    };
    let problems = refused(&both("spark.a", "spark.a"));
    assert_eq!(problems[0].key, "streams[1].starting_position.key");
    assert!(problems[0].allowed.contains("orders"), "{}", problems[0]);
    parse(&both("spark.a", "spark.b"))
        .map_err(|problems| format!("{problems:?}"))
        .unwrap();
}
