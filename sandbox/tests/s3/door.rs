//! A front door with S3, STS, IAM and MSK behind it, for the tests to knock at.

use std::net::SocketAddr;
use std::sync::Arc;

use sandbox::clock::Clock;
use sandbox::faults::{Fault, FaultKind, Faults, When};
use sandbox::iam::{self, Iam, Policies};
use sandbox::msk::{Cluster, Msk};
use sandbox::record::Record;
use sandbox::s3::{self, Store};
use sandbox::sts::Sts;
use sandbox::wire::{AccessKeys, FrontDoor, FrontDoorBuilder, Principal, Shared};

/// The bucket of the runbook.
pub(crate) const BUCKET: &str = "bucket";

/// An open front door over an empty bucket.
pub(crate) struct Door {
    pub(crate) shared: Shared,
    pub(crate) store: Arc<Store>,
    pub(crate) door: FrontDoor,
    pub(crate) directory: tempfile::TempDir,
}

impl Door {
    pub(crate) async fn open() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Clock::new(1);
        let record = Arc::new(Record::new(clock.clone()));
        let shared = Shared {
            record: record.clone(),
            faults: Arc::new(Faults::new(1)),
            keys: Arc::new(AccessKeys::default()),
            policies: Arc::new(Policies::default()),
            clock: clock.clone(),
        };
        iam::settle(&shared.policies, &shared.keys, clock.now_ms()).expect("settled");
        let store =
            Store::open(directory.path(), clock.clone(), record).expect("a store");
        let store = Arc::new(store);
        store
            .create_bucket(&Principal::user("deploy"), BUCKET)
            .expect("a bucket");
        let cluster = Cluster::new("events", "127.0.0.1:9092", clock.now_ms());
        let door = FrontDoorBuilder::new(shared.clone())
            .s3(s3::service(store.clone(), shared.clone()))
            .service(Arc::new(Sts::new(&shared)))
            .service(Arc::new(Iam::new(&shared)))
            .service(Arc::new(Msk::new(cluster)))
            .open(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("an open door");
        Self {
            shared,
            store,
            door,
            directory,
        }
    }

    /// Switches a fault of S3 on.
    pub(crate) fn fault(&self, action: &str, does: FaultKind, when: When) -> u64 {
        self.shared.faults.set(Fault {
            service: "s3".to_owned(),
            action: Some(action.to_owned()),
            key_prefix: None,
            does,
            when,
        })
    }
}
