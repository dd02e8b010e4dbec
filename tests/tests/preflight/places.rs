//! Buckets and keys that are not as the configuration has them.

use domain::plan::PlanKind;
use domain::preflight::OnFailure;
use domain::probe::Outcome;
use sandbox::iam::{OPERATOR_ROLE, Policy};
use sandbox::world::World;
use serde_json::json;
use tests::{Ground, Stage};

use super::{KEY, asked, is_refused, says};

/// With the backups of `payments` in a bucket of their own.
async fn with_backups_in(bucket: &str, make: impl FnOnce(&Ground)) -> Stage {
    let place = format!("backup_root = \"s3://{bucket}/backups/\"\n");
    Stage::set_on("payments", |ground| {
        make(ground);
        let name = "name = \"payments\"\n";
        ground.edit_config(|text| text.replace(name, &format!("{name}{place}")));
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_another_account_gets_no_backup() {
    let stage = with_backups_in("others", |ground| {
        let store = &ground.sandbox.world.store;
        store
            .create_bucket_of(&World::console(), "others", "999999999999")
            .expect("a bucket");
    })
    .await;
    let run = stage.opens_a_run().await;
    let plan = run.plans(PlanKind::Secure).await;
    is_refused(&stage, &run, &plan, &["belongs to another account"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_disabled_is_found_before_the_job_is_stopped() {
    let stage = with_backups_in("sealed-backups", |ground| {
        let store = &ground.sandbox.world.store;
        let console = World::console();
        store
            .create_bucket(&console, "sealed-backups")
            .expect("a bucket");
        let encrypt = |bucket: &mut sandbox::s3::Bucket| {
            bucket.encryption = "aws:kms".to_owned();
            bucket.kms_key = Some(KEY.to_owned());
        };
        let action = "PutBucketEncryption";
        store
            .set_bucket(&console, action, "sealed-backups", encrypt)
            .expect("a bucket");
    })
    .await;
    let store = &stage.ground.sandbox.world.store;
    let run = stage.opens_a_run().await;
    let plan = run.plans(PlanKind::Secure).await;
    let preflight = asked(&run, PlanKind::Secure).await;
    says(&preflight, "backup-encryption", Outcome::Passed, &[KEY]);
    // The sandbox's roles name no key.
    says(
        &preflight,
        "rights-keys",
        Outcome::Failed,
        &["kms:GenerateDataKey"],
    );
    assert!(preflight.probes.iter().any(|one| {
        one.probe.id == "rights-keys" && one.on_failure == OnFailure::Refuses
    }));
    allow_keys(&stage.ground);

    store.disable_key(KEY);
    let words = ["nothing could be written there", "KMS.DisabledException"];
    is_refused(&stage, &run, &plan, &words).await;
    store.enable_key(KEY);

    run.starts(&plan).await;
    run.is_sealed().await;
}

fn allow_keys(ground: &Ground) {
    let policies = &ground.sandbox.shared.policies;
    let identity = format!("role/{OPERATOR_ROLE}");
    let mut role = policies.get(&identity).expect("a role");
    let allows = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": KEY,
        }],
    });
    role.policies
        .push(Policy::inline("Keys", allows).expect("a policy"));
    policies.put(role);
}
