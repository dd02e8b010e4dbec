//! A sandbox, and what the server looks at it with.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::StreamName;
use sandbox::clock::Clock;
use sandbox::faults::{Fault, FaultKind, Faults, When};
use sandbox::iam;
use sandbox::kafka::{Listener, Topics};
use sandbox::oidc::Client;
use sandbox::record::Record;
use sandbox::s3::{Condition, Meta, Store};
use sandbox::streams::{Addresses, sluice_toml};
use sandbox::sts::Sts;
use sandbox::wire::{AccessKeys, FrontDoor, FrontDoorBuilder, Shared};
use sandbox::world::World;
use sandbox::{KAFKA_CLUSTER_ID, Sandbox};
use server::aws::{Aws, S3};
use server::config::Config;
use server::kafka::KafkaClient;
use server::observe::Observer;
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "bucket";

/// How much the sandbox's delays are shortened.
const FACTOR: u32 = 60;

/// What the server sees the world with.
pub(crate) struct Eyes {
    pub(crate) config: Arc<Config>,
    pub(crate) aws: Aws,
    pub(crate) kafka: KafkaClient,
    pub(crate) observer: Observer,
    pub(crate) store: server::store::Store,
}

impl Eyes {
    /// The S3 that may change things, in the role for it.
    pub(crate) fn s3(&self) -> S3 {
        self.aws.changing(&stream("orders"), "sluice-test").s3()
    }

    async fn open(
        dir: &Path,
        aws: String,
        kafka: SocketAddr,
        issuer: String,
        edit: fn(&str) -> String,
    ) -> Self {
        std::fs::write(dir.join("client-secret"), "secret").unwrap();
        std::fs::write(dir.join("aws-secret"), iam::SLUICE.secret).unwrap();
        let addresses = Addresses {
            listen: "127.0.0.1:0".to_owned(),
            public_origin: "http://127.0.0.1:3000".to_owned(),
            metrics_listen: None,
            data_dir: "data".to_owned(),
            assets_dir: "site".to_owned(),
            aws,
            console: None,
            kafka: kafka.to_string(),
            kafka_cluster_id: KAFKA_CLUSTER_ID.to_owned(),
            msk_arn: "arn:aws:kafka:eu-central-1:123456789012:cluster/a/1-2".to_owned(),
            issuer,
            client_id: "sluice".to_owned(),
            client_secret_file: "client-secret".to_owned(),
            access_key_id: iam::SLUICE.id.to_owned(),
            secret_access_key_file: "aws-secret".to_owned(),
        };
        let text = edit(&sluice_toml(&addresses, &Clock::new(FACTOR)));
        let config = Config::parse(&text, dir)
            .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let config = Arc::new(config);
        let aws = Aws::new(&config).await.unwrap();
        let kafka = KafkaClient::new(aws.clone());
        let observer = Observer::new(config.clone(), aws.clone(), kafka.clone()).unwrap();
        let database = format!("sqlite:{}/sluice.db", dir.display());
        let store = server::store::Store::open(&database).await.unwrap();
        Self {
            config,
            aws,
            kafka,
            observer,
            store,
        }
    }
}

/// S3, STS and Kafka without streams in them: quick to open.
pub(crate) struct Bare {
    pub(crate) eyes: Eyes,
    pub(crate) store: Arc<Store>,
    pub(crate) topics: Topics,
    pub(crate) faults: Arc<Faults>,
    pub(crate) record: Arc<Record>,
    door: FrontDoor,
    kafka: Listener,
    _dir: TempDir,
}

impl Bare {
    pub(crate) async fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Clock::new(FACTOR);
        let record = Arc::new(Record::new(clock.clone()));
        let shared = Shared {
            record: record.clone(),
            faults: Arc::new(Faults::new(7)),
            keys: Arc::new(AccessKeys::default()),
            policies: Arc::default(),
            clock: clock.clone(),
        };
        iam::settle(&shared.policies, &shared.keys, clock.now_ms()).unwrap();
        let store =
            Store::open(&dir.path().join("s3"), clock.clone(), record.clone()).unwrap();
        let store = Arc::new(store);
        store.create_bucket(&World::console(), BUCKET).unwrap();
        let topics = Topics::new(KAFKA_CLUSTER_ID);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let kafka = Listener::start(any, topics.clone(), shared.faults.clone())
            .await
            .unwrap();
        let door = FrontDoorBuilder::new(shared.clone())
            .s3(sandbox::s3::service(store.clone(), shared.clone()))
            .service(Arc::new(Sts::new(&shared)))
            .open(any)
            .await
            .unwrap();
        let issuer = "http://127.0.0.1:9".to_owned();
        let eyes = Eyes::open(
            dir.path(),
            door.endpoint_url(),
            kafka.address(),
            issuer,
            str::to_owned,
        )
        .await;
        let faults = shared.faults;
        Self {
            eyes,
            store,
            topics,
            faults,
            record,
            door,
            kafka,
            _dir: dir,
        }
    }

    /// Writes an object as a job would, with no checksum of Sluice's.
    pub(crate) fn write(&self, key: &str, bytes: &[u8]) {
        let by = World::console();
        self.store
            .put(
                &by,
                BUCKET,
                key,
                bytes,
                Meta::default(),
                &Condition::default(),
            )
            .unwrap();
    }

    /// Switches a fault of S3 on, for every call of this action.
    pub(crate) fn breaks(&self, action: &str, does: FaultKind) {
        self.breaks_when(action, does, When::Always);
    }

    pub(crate) fn breaks_when(&self, action: &str, does: FaultKind, when: When) {
        self.faults.set(Fault {
            service: "s3".to_owned(),
            action: Some(action.to_owned()),
            key_prefix: None,
            does,
            when,
        });
    }

    /// Closes every port, so that nothing answers any more.
    pub(crate) async fn close(self) -> Eyes {
        self.door.close().await;
        self.kafka.stop().await;
        self.eyes
    }
}

/// The whole sandbox with its streams.
pub(crate) struct Whole {
    pub(crate) eyes: Eyes,
    pub(crate) sandbox: Sandbox,
    _dir: TempDir,
}

impl Whole {
    pub(crate) async fn open() -> Self {
        Self::open_with(str::to_owned).await
    }

    /// With another configuration than the sandbox writes.
    pub(crate) async fn open_with(edit: fn(&str) -> String) -> Self {
        let dir = TempDir::new().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox = Sandbox::start(sandbox::Config {
            data_dir: dir.path().to_owned(),
            bare: false,
            time_factor: FACTOR,
            seed: 1,
            aws_addr: any,
            kafka_addr: any,
            console_addr: any,
            oidc_addr: any,
            client: Client {
                id: "sluice".to_owned(),
                secret: "secret".to_owned(),
                redirect_uris: vec!["http://127.0.0.1:3000/sign-in/callback".to_owned()],
                post_logout_redirect_uris: Vec::new(),
            },
            sluice_url: None,
        })
        .await
        .unwrap();
        let issuer = sandbox.issuer().to_owned();
        let eyes = Eyes::open(
            dir.path(),
            sandbox.aws_url(),
            sandbox.kafka_address(),
            issuer,
            edit,
        )
        .await;
        Self {
            eyes,
            sandbox,
            _dir: dir,
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.sandbox.world
    }
}

pub(crate) fn stream(name: &str) -> StreamName {
    name.parse().unwrap()
}

/// Asks again until the answer is there, at most for half a minute.
pub(crate) async fn until<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come within 30 s"))
}
