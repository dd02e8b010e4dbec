//! The whole sandbox: every part opened on the loopback address and put together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::cloudwatch::{CloudWatch, Metrics};
use crate::console::{Console, ConsoleError};
use crate::emr::EmrService;
use crate::faults::Faults;
use crate::iam::{self, Iam, Policies, PolicyError};
use crate::kafka::{ListenError, Listener, Topics};
use crate::logs::{CloudWatchLogs, Logs};
use crate::msk::{Cluster, Msk};
use crate::oidc::{self, Client, Provider, ProviderConfig};
use crate::record::Record;
use crate::s3::{self, Store, StoreError};
use crate::streams;
use crate::sts::Sts;
use crate::wire::{AccessKeys, FrontDoor, FrontDoorBuilder, Shared};
use crate::world::{SeedError, World};

/// The id of the Kafka cluster.
pub const KAFKA_CLUSTER_ID: &str = "c2x1dWljZS1zYW5kYm94AA";

/// The name of the Kafka cluster in MSK.
const MSK_CLUSTER: &str = "streaming";

/// Where the sandbox keeps its objects and where it listens. Port 0 takes a free one.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of the S3 buckets. Everything under `s3` in it is wiped at the
    /// start.
    pub data_dir: PathBuf,
    /// Whether it begins without streams of its own: applications, a bucket and roles
    /// only, to be filled from outside.
    pub bare: bool,
    /// By how much delays are divided.
    pub time_factor: u32,
    /// From which chance is drawn, so that a run can be repeated.
    pub seed: u64,
    /// All AWS services.
    pub aws_addr: SocketAddr,
    /// Kafka.
    pub kafka_addr: SocketAddr,
    /// The page and API that break and mend.
    pub console_addr: SocketAddr,
    /// The identity provider.
    pub oidc_addr: SocketAddr,
    /// Sluice, as the identity provider knows it.
    pub client: Client,
    /// Where Sluice's pages are, for the console's link.
    pub sluice_url: Option<String>,
}

/// A running sandbox over its starting state.
pub struct Sandbox {
    /// Clock, record, faults, keys and policies.
    pub shared: Shared,
    /// S3, topics, logs, metrics and jobs.
    pub world: Arc<World>,
    /// The cluster that MSK tells of.
    pub msk: Arc<Msk>,
    door: FrontDoor,
    kafka: Listener,
    oidc: Provider,
    console: Console,
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address that others could reach.
    #[error("the sandbox listens on loopback addresses only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The roles could not be set up.
    #[error("the roles of the sandbox cannot be set up")]
    Identities(#[source] PolicyError),
    /// The directory could not be used.
    #[error("the S3 of the sandbox cannot be opened")]
    Store(#[source] StoreError),
    /// The AWS port could not be opened.
    #[error("AWS cannot listen on {address}")]
    Aws {
        /// Where it should.
        address: SocketAddr,
        /// Why it cannot.
        #[source]
        source: std::io::Error,
    },
    /// The Kafka port could not be opened.
    #[error("Kafka does not start")]
    Kafka(#[source] ListenError),
    /// The identity provider did not start.
    #[error("the identity provider does not start")]
    Oidc(#[source] oidc::StartError),
    /// The console did not start.
    #[error("the console does not start")]
    Console(#[source] ConsoleError),
    /// The starting state could not be written.
    #[error("the starting state cannot be written")]
    Seed(#[source] SeedError),
}

impl Sandbox {
    /// Opens Kafka, writes the starting state, and then opens everything else, so that
    /// nobody sees a half of it.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let addresses = [
            config.aws_addr,
            config.kafka_addr,
            config.console_addr,
            config.oidc_addr,
        ];
        if let Some(open) = addresses.iter().find(|one| !one.ip().is_loopback()) {
            return Err(StartError::NotLoopback(*open));
        }
        let shared = shared(config.time_factor, config.seed)?;
        let world = world(&config, &shared)?;
        let kafka = Listener::start(
            config.kafka_addr,
            world.topics.clone(),
            shared.faults.clone(),
        )
        .await
        .map_err(StartError::Kafka)?;
        let brokers = kafka.address().to_string();
        let now_ms = shared.clock.now_ms();
        let msk = Arc::new(Msk::new(Cluster::new(MSK_CLUSTER, &brokers, now_ms)));
        world.run();
        let streams = match config.bare {
            true => Vec::new(),
            false => streams::streams(),
        };
        world.seed_with(streams).await.map_err(StartError::Seed)?;
        let door = front_door(&shared, &world, &msk)
            .open(config.aws_addr)
            .await
            .map_err(|source| StartError::Aws {
                address: config.aws_addr,
                source,
            })?;
        let provider = ProviderConfig::new(config.client);
        let oidc = Provider::start(config.oidc_addr, provider, shared.clock.clone())
            .await
            .map_err(StartError::Oidc)?;
        let console =
            Console::open(world.clone(), config.console_addr, config.sluice_url)
                .await
                .map_err(StartError::Console)?;
        Ok(Self {
            shared,
            world,
            msk,
            door,
            kafka,
            oidc,
            console,
        })
    }

    /// The value of `AWS_ENDPOINT_URL`.
    pub fn aws_url(&self) -> String {
        self.door.endpoint_url()
    }

    /// Kafka's bootstrap server.
    pub fn kafka_address(&self) -> SocketAddr {
        self.kafka.address()
    }

    /// The issuer of the identity provider.
    pub fn issuer(&self) -> &str {
        self.oidc.issuer()
    }

    /// The identity provider, for its own levers.
    pub fn oidc(&self) -> &Provider {
        &self.oidc
    }

    /// Where the console is.
    pub fn console_url(&self) -> String {
        format!("http://{}", self.console.address())
    }

    /// Ends the jobs and closes every port.
    pub async fn stop(self) {
        self.console.close();
        self.world.stop().await;
        self.door.close().await;
        self.kafka.stop().await;
        self.oidc.stop().await;
    }
}

fn shared(time_factor: u32, seed: u64) -> Result<Shared, StartError> {
    let clock = Clock::new(time_factor);
    let shared = Shared {
        record: Arc::new(Record::new(clock.clone())),
        faults: Arc::new(Faults::new(seed)),
        keys: Arc::new(AccessKeys::default()),
        policies: Arc::new(Policies::default()),
        clock,
    };
    iam::settle(&shared.policies, &shared.keys, shared.clock.now_ms())
        .map_err(StartError::Identities)?;
    Ok(shared)
}

fn world(config: &Config, shared: &Shared) -> Result<Arc<World>, StartError> {
    let store = Store::open(
        &config.data_dir.join("s3"),
        shared.clock.clone(),
        shared.record.clone(),
    )
    .map_err(StartError::Store)?;
    Ok(World::new(
        shared.clock.clone(),
        shared.record.clone(),
        shared.faults.clone(),
        Arc::new(store),
        Topics::new(KAFKA_CLUSTER_ID),
        Logs::new(),
        Metrics::new(),
    ))
}

fn front_door(shared: &Shared, world: &World, msk: &Arc<Msk>) -> FrontDoorBuilder {
    let clock = || shared.clock.clone();
    FrontDoorBuilder::new(shared.clone())
        .s3(s3::service(world.store.clone(), shared.clone()))
        .service(Arc::new(EmrService::new(world.emr.clone())))
        .service(Arc::new(CloudWatch::new(world.metrics.clone(), clock())))
        .service(Arc::new(CloudWatchLogs::new(world.logs.clone(), clock())))
        .service(Arc::new(Sts::new(shared)))
        .service(Arc::new(Iam::new(shared)))
        .service(msk.clone())
}
