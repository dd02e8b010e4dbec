//! The ground that a test stands on: a sandbox of its own in this process, and a
//! configuration by which the real binary serves on it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use sandbox::iam::SLUICE;
use sandbox::oidc::Client;
use sandbox::streams::{Addresses, StreamDefinition, sluice_toml, streams};
use sandbox::{KAFKA_CLUSTER_ID, Sandbox};

use crate::bucket::Bucket;
use crate::deadline::until;
use crate::journal::Journal;
use crate::process::Sluice;

const CLIENT_ID: &str = "sluice";
const CLIENT_SECRET: &str = "sandbox-client-secret-for-loopback-only";
/// By how much delays are divided: a trigger of a minute is one of a second.
const TIME_FACTOR: u32 = 60;
/// Below the ports that the system hands out for outgoing connections, of which one
/// could be taken between this choice and the binary's listening.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 10_000;

/// What a test wants of the configuration beyond the sandbox's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extra {
    /// Every operator is a stakeholder too.
    pub operators_are_stakeholders: bool,
}

/// A sandbox, a folder and an address.
pub struct Ground {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Where Sluice is or will be, as the browser's address bar shows it.
    pub origin: String,
    folder: tempfile::TempDir,
}

impl Ground {
    /// A fresh sandbox and a configuration for it.
    pub async fn new() -> Self {
        Self::with(Extra::default()).await
    }

    /// As [`Ground::new`], with more in the configuration.
    pub async fn with(extra: Extra) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let origin = format!("http://localhost:{port}");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sandbox = Sandbox::start(sandbox::Config {
            data_dir: folder.path().join("sandbox"),
            bare: false,
            time_factor: TIME_FACTOR,
            seed: 1,
            aws_addr: any,
            kafka_addr: any,
            console_addr: any,
            oidc_addr: any,
            client: Client {
                id: CLIENT_ID.to_owned(),
                secret: CLIENT_SECRET.to_owned(),
                redirect_uris: vec![format!("{origin}/sign-in/callback")],
                post_logout_redirect_uris: vec![format!("{origin}/signed-out")],
            },
            sluice_url: None,
        })
        .await
        .unwrap_or_else(|error| panic!("the sandbox does not start: {error:?}"));
        let ground = Self {
            sandbox,
            origin,
            folder,
        };
        ground.write_config(port, extra);
        ground
    }

    /// Starts the binary and waits until it answers.
    pub async fn serve(&self) -> Sluice {
        self.serve_until("").await
    }

    /// As [`Ground::serve`]; the binary kills itself at the failpoint, such as
    /// `before:12`.
    pub async fn serve_until(&self, failpoint: &str) -> Sluice {
        let log = self.folder.path().join("sluice.log");
        let mut sluice = Sluice::spawn(&self.config(), &log, failpoint);
        let health = format!("{}/healthz", self.origin);
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        until(
            "the binary's first answer",
            Duration::from_secs(120),
            async || {
                // At a failpoint it may be dead before it was asked.
                if sluice.has_ended() {
                    return Ok(());
                }
                match http.get(&health).send().await {
                    Ok(answer) if answer.status().is_success() => Ok(()),
                    Ok(answer) => Err(answer.status().to_string()),
                    Err(error) => Err(format!("{error:?}")),
                }
            },
        )
        .await;
        assert!(
            !failpoint.is_empty() || !sluice.has_ended(),
            "the binary has ended: {}",
            sluice.log()
        );
        sluice
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("sluice.toml")
    }

    /// Writes the configuration otherwise, before the binary reads it.
    pub fn edit_config(&self, otherwise: impl FnOnce(String) -> String) {
        let before = std::fs::read_to_string(self.config()).expect("it was written");
        let after = otherwise(before.clone());
        assert_ne!(after, before, "nothing was edited");
        std::fs::write(self.config(), after).expect("a file can be written");
    }

    /// The database, read by other code than wrote it.
    pub async fn journal(&self) -> Journal {
        Journal::open(&self.folder.path().join("sluice/sluice.db")).await
    }

    /// The bucket.
    pub fn bucket(&self) -> Bucket<'_> {
        Bucket::new(&self.sandbox.world.store)
    }

    /// The stream that the tests break and mend.
    pub fn orders(&self) -> StreamDefinition {
        streams()
            .into_iter()
            .find(|stream| stream.name == "orders")
            .expect("the sandbox has orders")
    }

    fn write_config(&self, port: u16, extra: Extra) {
        let folder = self.folder.path();
        std::fs::create_dir_all(folder.join("sluice")).expect("a folder can be made");
        let addresses = Addresses {
            listen: format!("127.0.0.1:{port}"),
            public_origin: self.origin.clone(),
            metrics_listen: None,
            data_dir: "sluice".to_owned(),
            assets_dir: site().display().to_string(),
            aws: self.sandbox.aws_url(),
            console: Some(self.sandbox.console_url()),
            kafka: self.sandbox.kafka_address().to_string(),
            kafka_cluster_id: KAFKA_CLUSTER_ID.to_owned(),
            msk_arn: self.sandbox.msk.cluster().arn,
            issuer: self.sandbox.issuer().to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret_file: "client-secret".to_owned(),
            access_key_id: SLUICE.id.to_owned(),
            secret_access_key_file: "aws-secret".to_owned(),
        };
        let text = sluice_toml(&addresses, &self.sandbox.shared.clock);
        // Whoever comes after a kill need not wait long for the dead one's lease.
        let quick = "[server]\nlease_seconds = 1\npoll_seconds = 1\n";
        let mut text = with(&text, "[server]\n", quick);
        if extra.operators_are_stakeholders {
            let role =
                "\n[[sign_in.roles]]\nvalue = \"operator\"\nrole = \"stakeholder\"\n";
            text = with(&text, "\n[aws]\n", &format!("{role}\n[aws]\n"));
        }
        for (name, content) in [
            ("client-secret", CLIENT_SECRET),
            ("aws-secret", SLUICE.secret),
            ("sluice.toml", &text),
        ] {
            std::fs::write(folder.join(name), content).expect("a file can be written");
        }
    }
}

/// The text with one place in it written otherwise.
fn with(text: &str, place: &str, otherwise: &str) -> String {
    assert_eq!(text.matches(place).count(), 1, "{place:?} in {text}");
    text.replace(place, otherwise)
}

/// The folder with the browser's part; what is tested here needs none of it.
fn site() -> PathBuf {
    std::env::var_os("SLUICE_SITE").map_or_else(std::env::temp_dir, PathBuf::from)
}

fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let of_this_process = u16::try_from(std::process::id() % u32::from(PORTS))
        .expect("it is smaller than the number of ports");
    for _ in 0..PORTS {
        let offset = of_this_process.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST_PORT + offset % PORTS;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
