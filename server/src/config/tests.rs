use std::fmt::Write as _;
use std::path::Path;

use tempfile::TempDir;

use super::*;

mod starting_position;

const EXAMPLE: &str = include_str!("../../../sluice.example.toml");

/// The example with its secrets in files, so that no test sets a variable of the
/// whole process.
fn example() -> String {
    EXAMPLE
        .replace(
            "client_secret_env = \"SLUICE_CLIENT_SECRET\"",
            "client_secret_file = \"s\"",
        )
        .replace(
            "password_env = \"SLUICE_KAFKA_PASSWORD\"",
            "password_file = \"s\"",
        )
}

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("s"), "hidden-word\n").unwrap();
    Config::parse(text, dir.path())
}

fn refused(text: &str) -> Vec<Problem> {
    match parse(text) {
        Ok(_) => panic!("this should be refused:\n{text}"),
        Err(problems) => problems,
    }
}

/// What is said when `from`, which the example holds once, reads `to`, with the
/// number of the line where it says so.
fn complaint(from: &str, to: &str) -> String {
    let text = example();
    assert_eq!(
        text.matches(from).count(),
        1,
        "the example holds {from:?} once"
    );
    let line = text[..text.find(from).unwrap()].matches('\n').count() + 1;
    let mut said = String::new();
    for problem in refused(&text.replace(from, to)) {
        let at = problem.line.map_or("?".to_owned(), |found| {
            let offset = i64::from(found) - i64::try_from(line).unwrap();
            if offset == 0 {
                "here".to_owned()
            } else {
                format!("here{offset:+}")
            }
        });
        writeln!(said, "{at}: {problem}").unwrap();
    }
    said
}

#[test]
fn the_example_is_valid() {
    let config = parse(&example())
        .map_err(|problems| format!("{problems:#?}"))
        .unwrap();
    assert_eq!(config.sign_in.client_secret.expose(), "hidden-word");
    let orders = config.stream(&"orders".parse().unwrap()).unwrap();
    assert_eq!(
        orders.backup_root().to_string(),
        "s3://bucket/_checkpoints/streaming/"
    );
    assert_eq!(config.region(orders).as_str(), "eu-west-1");
    assert_eq!(
        config.kafka_cluster(orders).isolation,
        Isolation::ReadUncommitted
    );
    assert_eq!(config.policy(orders).agreement.earliest.len(), 2);
}

/// Uncommented, every optional key is one that the parser knows, or is refused
/// for standing beside its alternative, never as unknown.
#[test]
fn every_key_in_the_example_is_known() {
    let keys = example()
        .lines()
        .filter(|line| line.starts_with("# "))
        .count();
    assert!(keys > 40);
    for (index, line) in EXAMPLE.lines().enumerate() {
        let Some(key) = line.strip_prefix("# ") else {
            continue;
        };
        let is_key = key.split(" = ").next().is_some_and(|name| {
            key.contains(" = ")
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'3')
        });
        let in_commented_table = EXAMPLE
            .lines()
            .take(index)
            .filter(|line| line.starts_with('[') || line.starts_with("# ["))
            .last()
            .is_some_and(|header| header.starts_with('#'));
        if !is_key || in_commented_table || key.starts_with("kind = ") {
            continue;
        }
        let text: String = example()
            .lines()
            .enumerate()
            .map(|(at, line)| {
                if at == index {
                    format!("{key}\n")
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
        if let Err(problems) = parse(&text) {
            for problem in problems {
                assert!(!problem.to_string().contains("no such key"), "{problem}");
            }
        }
    }
}

#[test]
fn commented_tables_of_the_example_are_known() {
    for header in [
        "[aws.endpoints]",
        "[aws.credentials]",
        "[streams.starting_position]",
    ] {
        let start = EXAMPLE.find(&format!("# {header}")).unwrap();
        let block: String = EXAMPLE[start..]
            .lines()
            .take_while(|line| line.starts_with("# "))
            .filter(|line| !line.contains("_env"))
            .map(|line| format!("{}\n", &line[2..]))
            .collect();
        let block = block.replace("aws-secret", "s");
        let text = match header {
            "[streams.starting_position]" => {
                format!("{}\n{block}", example())
            }
            _ => example().replace(
                "[policy.production]\n",
                &format!("{block}\n[policy.production]\n"),
            ),
        };
        parse(&text)
            .map_err(|problems| format!("{header}: {problems:#?}"))
            .unwrap();
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    insta::assert_snapshot!(
        complaint("metrics_listen = ", "metric_listen = "),
        @r#"here: server.metric_listen: no such key; did you mean "metrics_listen"? Known here: listen, public_origin, metrics_listen, data_dir, database_url, assets_dir, banner, log, body_limit_bytes, shutdown_seconds, poll_seconds, lease_seconds"#
    );
    insta::assert_snapshot!(
        complaint("username = \"sluice\"", "user = \"sluice\""),
        @r#"here: kafka_clusters[0].authentication.user: no such key; Known here: kind, mechanism, username, password_file, password_env, region, ca_file, certificate_file, key_file"#
    );
}

#[test]
fn a_wrong_value_is_named_with_its_line_and_what_is_allowed() {
    insta::assert_snapshot!(
        complaint("location = \"s3://bucket/_checkpoints/streaming/orders/\"", "location = \"s3://bucket/_checkpoints/streaming/orders\""),
        @r#"here: streams[0].checkpoint.location = "s3://bucket/_checkpoints/streaming/orders": a location ends in "/", so that it matches no longer name"#
    );
    insta::assert_snapshot!(
        complaint("public_origin = \"https://sluice.example.com\"", "public_origin = \"http://sluice.example.com\""),
        @r#"here: server.public_origin = "http://sluice.example.com": an origin is "https://host", or "http://host:port" on localhost or another loopback address, without a path"#
    );
    insta::assert_snapshot!(
        complaint("role = \"operator\"", "role = \"operater\""),
        @r#"here: sign_in.roles[0].role = "operater": unknown variant "operater", expected one of "viewer", "operator", "approver", "stakeholder", "admin""#
    );
    insta::assert_snapshot!(
        complaint("account = \"111122223333\"", "account = 111122223333"),
        @r#"here: streams[0].account = 111122223333: invalid type: integer "111122223333", expected a string"#
    );
}

#[test]
fn a_banner_leads_to_a_web_address_only() {
    let problems = refused(&example().replace(
        "data_dir = ",
        "banner = { text = \"TRIAL\", link = \"javascript:alert(1)\" }\ndata_dir = ",
    ));
    let told = problems[0].to_string();
    assert!(told.contains("server.banner.link"), "{told}");
    assert!(told.contains("an http or https address"), "{told}");
}

#[test]
fn a_missing_key_is_named() {
    insta::assert_snapshot!(
        complaint("client_id = \"sluice\"\n", ""),
        @"here-3: sign_in.client_id: this key is missing"
    );
    insta::assert_snapshot!(
        complaint("client_secret_file = \"s\"\n", ""),
        @"here-4: sign_in.client_secret_file: exactly one of client_secret_file and client_secret_env"
    );
}

#[test]
fn broken_toml_is_named_with_its_line() {
    let problems = refused("[server]\nlisten = \n");
    assert_eq!(problems[0].line, Some(2));
    assert_eq!(problems.len(), 1);
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = example()
        .replace("environment = \"production\"", "environment = \"prod\"")
        .replace("cluster = \"events\"", "cluster = \"event\"")
        .replace("scopes = [", "scopes = [] #")
        .replace("# scopes", "scopes");
    let keys: Vec<String> = refused(&text)
        .into_iter()
        .map(|problem| problem.key)
        .collect();
    assert_eq!(
        keys,
        [
            "sign_in.scopes",
            "streams[0].environment",
            "streams[0].kafka.cluster"
        ]
    );
}

#[test]
fn a_secret_is_shown_by_no_complaint() {
    let text = example().replace(
        "client_secret_file = \"s\"",
        "client_secret = \"hidden-word\"",
    );
    for problem in refused(&text) {
        assert!(!problem.to_string().contains("hidden-word"), "{problem}");
    }
    let missing = example().replace(
        "client_secret_file = \"s\"",
        "client_secret_file = \"gone\"",
    );
    let problems = refused(&missing);
    assert_eq!(problems[0].key, "sign_in.client_secret_file");
    assert!(
        problems[0].allowed.contains("cannot be read"),
        "{}",
        problems[0]
    );
}

/// A second stream with this checkpoint and, if any, backup root.
fn with_stream(checkpoint: &str, backup_root: Option<&str>) -> String {
    let first = example();
    let start = first.find("[[streams]]").unwrap();
    let root =
        backup_root.map_or(String::new(), |root| format!("backup_root = \"{root}\"\n"));
    let second = first[start..]
        .replace(
            "\nname = \"orders\"\n",
            &format!("\nname = \"clicks\"\n{root}"),
        )
        .replace("s3://bucket/_checkpoints/streaming/orders/", checkpoint);
    format!("{first}\n{second}")
}

#[test]
fn locations_that_overlap_are_refused() {
    for (checkpoint, root, key) in [
        (
            "s3://bucket/_checkpoints/streaming/orders/",
            None,
            "checkpoint.location",
        ),
        (
            "s3://bucket/_checkpoints/streaming/orders/x/",
            None,
            "checkpoint.location",
        ),
        ("s3://bucket/_checkpoints/", None, "checkpoint.location"),
        (
            "s3://bucket/_checkpoints/x_backup_1/",
            None,
            "checkpoint.location",
        ),
        ("s3://bucket/bronze/kafka/", None, "sink.location"),
        ("s3://other/clicks/", None, "backup_root"),
        (
            "s3://b-c/clicks/",
            Some("s3://bucket/_checkpoints/streaming/orders/b/"),
            "backup_root",
        ),
        (
            "s3://b-c/clicks/",
            Some("s3://bucket/_checkpoints/"),
            "backup_root",
        ),
        (
            "s3://b-c/clicks/",
            Some("s3://b-c/clicks/backups/"),
            "backup_root",
        ),
    ] {
        let problems = refused(&with_stream(checkpoint, root));
        assert!(
            problems
                .iter()
                .any(|problem| problem.key == format!("streams[1].{key}")),
            "{checkpoint} {root:?}: {problems:?}"
        );
    }
    for (checkpoint, root) in [
        ("s3://bucket/_checkpoints/streaming/orders_eu/", None),
        (
            "s3://bucket/_checkpoints/streaming/clicks/",
            Some("s3://bucket/_checkpoints/streaming/"),
        ),
        ("s3://b-c/clicks/", Some("s3://b-c/backups/")),
    ] {
        let text = with_stream(checkpoint, root);
        parse(&text)
            .map_err(|problems| format!("{checkpoint}: {problems:?}"))
            .unwrap();
    }
}

#[test]
fn a_root_without_a_query_name_is_refused() {
    let text = example().replace(
        "location = \"s3://bucket/_checkpoints/streaming/orders/\"",
        "root = \"s3://bucket/_checkpoints/streaming/\"",
    );
    let problems = refused(&text);
    assert_eq!(problems[0].key, "streams[0].checkpoint.query_name");
    let named = text.replace(
        "stateful = false",
        "stateful = false\nquery_name = \"orders\"",
    );
    let config = parse(&named)
        .map_err(|problems| format!("{problems:?}"))
        .unwrap();
    assert_eq!(
        config.streams[0].checkpoint_location().to_string(),
        "s3://bucket/_checkpoints/streaming/orders/"
    );
}

#[test]
fn loading_names_the_file() {
    let error = Config::load(Path::new("/nonexistent/sluice.toml"))
        .err()
        .unwrap();
    assert!(error.to_string().contains("/nonexistent/sluice.toml"));
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sluice.toml");
    std::fs::write(&path, "[server]\nlissten = 1\n").unwrap();
    let error = Config::load(&path).err().unwrap().to_string();
    assert!(
        error.contains("sluice.toml:2: server.lissten: no such key"),
        "{error}"
    );
}

#[test]
fn a_price_that_is_none_is_refused_by_its_name() {
    for (from, to) in [
        ("vcpu_hour = 0.052624", "vcpu_hour = -1.0"),
        ("s3_reads_1000 = 0.0004", "s3_reads_1000 = nan"),
        ("currency = \"USD\"", "currency = \"<b>\""),
    ] {
        let said = complaint(from, to);
        let key = from.split_once(' ').map_or(from, |(key, _)| key);
        assert!(said.starts_with("here: "), "{said}");
        assert!(said.contains(&format!("prices.{key}")), "{said}");
    }
    let prices = parse(&example())
        .unwrap_or_else(|_| panic!("it is valid"))
        .prices;
    assert_eq!(prices.map(|p| p.vcpu_hour_micro), Some(52_624));
}
