//! The troubleshooting page: each probe with each of its outcomes, and the one
//! that writes leaves nothing behind.

use app_view::{Page, Row};
use domain::probe::Outcome;
use reqwest::StatusCode;
use sandbox::faults::{Fault, FaultKind, When};
use sandbox::iam::{NARROWED_ROLE, OBSERVER_ROLE, OPERATOR_ROLE, Policy};
use sandbox::record::{Effect, Query};
use sandbox::streams::BUCKET;
use serde_json::json;
use tests::{Deeds, Ground, Person};

/// Where the backups of `orders` go when nothing else is configured.
const BACKUP_ROOT: &str = "_checkpoints/streaming/";

/// What a page is drawn from, as far as a test looks at it.
mod app_view {
    use domain::probe::Probe;
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Page {
        pub(super) probes: Vec<Probe>,
        pub(super) written: Option<Row>,
    }

    #[derive(Deserialize)]
    pub(super) struct Row {
        pub(super) by: String,
        pub(super) probe: Probe,
    }
}

impl Page {
    async fn of(person: &Person, stream: &str) -> Self {
        person
            .read("troubleshoot", &[("name", stream)])
            .await
            .unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    #[track_caller]
    fn expect(&self, id: &str, outcome: Outcome, words: &[&str]) {
        let probe = self.probes.iter().find(|probe| probe.id == id);
        let probe = probe.unwrap_or_else(|| panic!("{id} is not asked: {self:?}"));
        says(probe, outcome, words);
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.probes).finish()
    }
}

#[track_caller]
fn says(probe: &domain::probe::Probe, outcome: Outcome, words: &[&str]) {
    assert_eq!(probe.answer.outcome, outcome, "{probe:?}");
    let said = format!("{} {}", probe.answer.reason, probe.answer.next);
    for word in words {
        assert!(said.contains(word), "{word:?} in {probe:?}");
    }
    // Whoever cannot go on from it is told how.
    let goes_on = outcome == Outcome::Passed || !probe.answer.next.is_empty();
    assert!(goes_on, "{probe:?}");
}

/// Takes rights from a role of the sandbox's, or the resource of one.
fn deny(ground: &Ground, role: &str, actions: &[&str]) {
    let policies = &ground.sandbox.shared.policies;
    let identity = format!("role/{role}");
    let mut role = policies.get(&identity).expect("the role is there");
    let denies = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Action": actions, "Resource": "*" }],
    });
    role.policies
        .push(Policy::inline("Denied", denies).expect("a policy"));
    policies.put(role);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_probe_passes_where_all_is_well_and_fails_with_the_reason_where_not() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let vera = Person::signed_in(&ground, "vera").await;
    let before = ground.sandbox.shared.record.query(&Query::default()).len();

    let page = Page::of(&vera, "payments").await;
    for (id, word) in [
        ("application", "started"),
        ("msk-cluster", "ACTIVE"),
        ("msk-brokers", "127.0.0.1:"),
        ("broker-1", "the job's network may differ"),
        ("role-policies", "KafkaAccess (its own)"),
        ("rights-checkpoint", "Likely, not proved"),
        ("rights-sink", "Likely, not proved"),
        ("rights-topics", "Likely, not proved"),
        ("checkpoint-list", "object"),
        ("checkpoint-read", "read whole"),
    ] {
        page.expect(id, Outcome::Passed, &[word]);
    }
    let policies = page.probes.iter().find(|p| p.id == "role-policies");
    let shown = &policies.expect("it is asked").answer.shown;
    assert!(
        shown
            .iter()
            .any(|(_, text)| text.contains("kafka-cluster:Connect")),
        "{shown:?}"
    );
    assert!(page.probes.iter().all(|p| p.took_ms.is_some()), "{page:?}");

    // The role of telemetry's job may read its checkpoint and not write it.
    let page = Page::of(&vera, "telemetry").await;
    let words = [
        "s3:PutObject",
        "telemetry/offsets/0",
        "no policy",
        "Allow it",
    ];
    page.expect("rights-checkpoint", Outcome::Failed, &words);
    page.expect("rights-sink", Outcome::Passed, &[]);
    page.expect("role-policies", Outcome::Passed, &["BronzeAccess"]);

    ground.sandbox.msk.set_state("FAILED");
    deny(&ground, NARROWED_ROLE, &["s3:PutObject"]);
    let page = Page::of(&vera, "telemetry").await;
    page.expect("msk-cluster", Outcome::Failed, &["FAILED"]);
    page.expect("rights-sink", Outcome::Failed, &["denies it outright"]);

    // Asking has changed nothing.
    let after = ground.sandbox.shared.record.query(&Query::default());
    assert!(after.len() > before, "nothing was asked");
    let deeds = Deeds::since(&ground.sandbox.shared.record, 0);
    let changes: Vec<_> = deeds
        .of_sluice()
        .filter(|entry| entry.call.action != "AssumeRole")
        .collect();
    assert!(changes.is_empty(), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sluice_may_not_ask_is_neither_passed_nor_failed() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let vera = Person::signed_in(&ground, "vera").await;
    deny(
        &ground,
        OBSERVER_ROLE,
        &[
            "kafka:DescribeClusterV2",
            "kafka:GetBootstrapBrokers",
            "iam:*",
            "s3:GetObject",
        ],
    );
    let page = Page::of(&vera, "payments").await;
    for (id, call) in [
        ("msk-cluster", "DescribeClusterV2"),
        ("msk-brokers", "GetBootstrapBrokers"),
        ("role-policies", "ListAttachedRolePolicies"),
        ("rights-checkpoint", "SimulatePrincipalPolicy"),
        ("checkpoint-read", "GetObject"),
    ] {
        let words = ["Sluice may not ask this", "not authorized", call];
        page.expect(id, Outcome::NotPermitted, &words);
    }
    // The others go on: brokers are known by the configuration too.
    page.expect("broker-1", Outcome::Passed, &[]);
    page.expect("checkpoint-list", Outcome::Passed, &[]);

    deny(&ground, OBSERVER_ROLE, &["emr-serverless:GetApplication"]);
    let page = Page::of(&vera, "payments").await;
    page.expect("application", Outcome::NotPermitted, &["GetApplication"]);
    // Without it the job runs are unknown, and with them the role.
    page.expect("rights-sink", Outcome::NotConfigured, &["role is unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_configured_or_does_not_answer_is_said_to_be_so() {
    let ground = Ground::new().await;
    ground.edit_config(|text| {
        let arn = format!("msk_arn = {:?}\n", ground.sandbox.msk.cluster().arn);
        let own = format!("\"{}\"", ground.sandbox.kafka_address());
        // A port on which nobody listens stands beside the broker's.
        text.replace(&arn, "").replace(
            &format!("bootstrap = [{own}]"),
            &format!("bootstrap = [{own}, \"127.0.0.1:1\"]"),
        )
    });
    let _sluice = ground.serve().await;
    let vera = Person::signed_in(&ground, "vera").await;
    let slow = Fault {
        service: "iam".to_owned(),
        action: Some("ListRolePolicies".to_owned()),
        key_prefix: None,
        does: FaultKind::Delay { ms: 20_000 },
        when: When::Always,
    };
    ground.sandbox.shared.faults.set(slow);
    let page = Page::of(&vera, "payments").await;
    for id in ["msk-cluster", "msk-brokers", "rights-topics"] {
        page.expect(id, Outcome::NotConfigured, &["msk_arn"]);
    }
    page.expect("broker-1", Outcome::Passed, &[]);
    page.expect("broker-2", Outcome::Failed, &["refused", "security groups"]);
    page.expect("role-policies", Outcome::Failed, &["within 10 seconds"]);
    page.expect("rights-checkpoint", Outcome::Passed, &[]);

    let html = vera.open("/streams/payments/troubleshoot").await;
    assert_eq!(html.status(), StatusCode::OK);
    let html = html.text().await.expect("a page");
    for word in [
        "not configured",
        "failed",
        "passed",
        "aws iam simulate-principal-policy",
    ] {
        assert!(html.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_tried_by_an_operator_only_and_leaves_nothing_behind() {
    let ground = Ground::new().await;
    let _sluice = ground.serve().await;
    let oda = Person::signed_in(&ground, "oda").await;
    let bucket = ground.bucket();
    let probes_left = || {
        let mut all = bucket.keys("");
        all.retain(|key| key.contains("write-probe"));
        all
    };
    assert!(Page::of(&oda, "orders").await.written.is_none());

    let done = oda.post("try-write", &[("stream", "orders")]).await;
    let done = done.expect("an operator may");
    assert_eq!(
        done.location.as_deref(),
        Some("/streams/orders/troubleshoot")
    );
    let Row { by, probe } = Page::of(&oda, "orders")
        .await
        .written
        .expect("it was tried");
    says(&probe, Outcome::Passed, &["written and deleted again"]);
    assert!(by.contains("Oda"), "{by}");
    let deeds = Deeds::since(&ground.sandbox.shared.record, 0);
    let keys = deeds.keys();
    let [put, deleted] = &keys[..] else {
        panic!("one object is written and deleted: {keys:?}");
    };
    assert_eq!(put, deleted);
    assert!(
        put.starts_with(&format!("{BACKUP_ROOT}sluice-write-probe-")),
        "{put}"
    );
    assert!(probes_left().is_empty());

    // The answer to the write is lost: the object is there, and goes.
    let lost = Fault {
        service: "s3".to_owned(),
        action: Some("PutObject".to_owned()),
        key_prefix: Some(format!("{BACKUP_ROOT}sluice-write-probe-")),
        does: FaultKind::CutAfter,
        when: When::Always,
    };
    ground.sandbox.shared.faults.set(lost);
    oda.post("try-write", &[("stream", "orders")])
        .await
        .expect("it is tried");
    let page = Page::of(&oda, "orders").await;
    let tried = page.written.expect("it was tried").probe;
    says(&tried, Outcome::Failed, &["Nothing of it is left"]);
    assert!(probes_left().is_empty());
    ground.sandbox.shared.faults.clear_all();

    deny(&ground, OPERATOR_ROLE, &["s3:PutObject"]);
    oda.post("try-write", &[("stream", "orders")])
        .await
        .expect("it is tried");
    let page = Page::of(&oda, "orders").await;
    let tried = page.written.expect("it was tried").probe;
    says(
        &tried,
        Outcome::Failed,
        &["AccessDenied", "Allow s3:PutObject"],
    );
    let writes = ground.sandbox.shared.record.query(&Query {
        effect: Some(Effect::Change),
        ..Query::default()
    });
    assert!(writes.iter().any(|entry| {
        let target = entry.call.s3.as_ref();
        target.is_some_and(|t| t.bucket == BUCKET && t.key.contains("write-probe"))
    }));
}
