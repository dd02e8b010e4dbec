//! `sluice sandbox`: a local AWS, Kafka and identity provider, and Sluice on it,
//! in one process. The only file of the server that knows of it.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use sandbox::iam::SLUICE;
use sandbox::oidc::{Client, User};
use sandbox::streams::{Addresses, sluice_toml_of};
use sandbox::{KAFKA_CLUSTER_ID, Sandbox};
use server::config::{Config, LogFormat};
use server::telemetry;
use tokio::signal::unix::{SignalKind, signal};

use crate::output::Output;
use crate::{Failure, serve};

const CLIENT_ID: &str = "sluice";
/// Known to everybody, like everything in the sandbox; it listens on loopback
/// addresses only.
const CLIENT_SECRET: &str = "sandbox-client-secret-for-loopback-only";

/// Everything begins anew at each start: the streams in their starting state, and
/// Sluice without a past.
#[derive(clap::Args)]
pub(crate) struct SandboxArguments {
    /// Where buckets, configuration and database are kept.
    #[arg(long, value_name = "DIR", default_value = "data/sandbox")]
    data: PathBuf,
    /// By how much the sandbox's delays are divided.
    #[arg(long, value_name = "FACTOR", default_value_t = 10)]
    time_factor: u32,
    /// No streams, and no Sluice on it: what stands around them only. Streams are
    /// added to DIR/sluice.toml, which `sluice serve` then reads.
    #[arg(long)]
    bare: bool,
    /// From which its chance is drawn, so that a run can be repeated.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Where Sluice listens.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    port: u16,
    /// The folder with pkg/, the browser's part of the pages.
    #[arg(
        long,
        value_name = "DIR",
        env = "SLUICE_SITE",
        default_value = "target/site"
    )]
    site: PathBuf,
    /// Where AWS listens; 0 takes any free port.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    aws_port: u16,
    /// Where Kafka listens.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    kafka_port: u16,
    /// Where the page listens that breaks and mends streams.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    console_port: u16,
    /// Where the identity provider listens.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    sign_in_port: u16,
}

/// Starts the sandbox, then serves Sluice on it until the process is told to stop.
pub(crate) async fn run(
    arguments: SandboxArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    telemetry::init_log(LogFormat::Text);
    let data = absolute(&arguments.data)?;
    forget_past(&data).map_err(|error| folder_failure(&data, &error))?;
    let origin = format!("http://localhost:{}", arguments.port);
    let sandbox = Sandbox::start(settings(&arguments, &data, &origin))
        .await
        .map_err(|error| Failure::failed(&error))?;
    let config = write_config(&arguments, &data, &origin, &sandbox)?;
    announce(&origin, &sandbox, output);
    let served = match arguments.bare {
        true => told_to_stop().await,
        false => serve::run(Config::load(&config)?).await,
    };
    sandbox.stop().await;
    served
}

/// Waits for SIGTERM or SIGINT.
async fn told_to_stop() -> Result<(), Failure> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| Failure::failed(&error))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}

fn settings(arguments: &SandboxArguments, data: &Path, origin: &str) -> sandbox::Config {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    sandbox::Config {
        data_dir: data.to_owned(),
        bare: arguments.bare,
        time_factor: arguments.time_factor,
        seed: arguments.seed,
        aws_addr: at(arguments.aws_port),
        kafka_addr: at(arguments.kafka_port),
        console_addr: at(arguments.console_port),
        oidc_addr: at(arguments.sign_in_port),
        client: Client {
            id: CLIENT_ID.to_owned(),
            secret: CLIENT_SECRET.to_owned(),
            redirect_uris: vec![format!("{origin}/sign-in/callback")],
            post_logout_redirect_uris: vec![format!("{origin}/signed-out")],
        },
        sluice_url: Some(origin.to_owned()),
    }
}

/// Writes `sluice.toml` and its secrets into the data folder, as anybody would
/// for a real installation.
fn write_config(
    arguments: &SandboxArguments,
    data: &Path,
    origin: &str,
    sandbox: &Sandbox,
) -> Result<PathBuf, Failure> {
    let addresses = Addresses {
        listen: format!("127.0.0.1:{}", arguments.port),
        public_origin: origin.to_owned(),
        metrics_listen: None,
        data_dir: "sluice".to_owned(),
        assets_dir: absolute(&arguments.site)?.display().to_string(),
        aws: sandbox.aws_url(),
        console: Some(sandbox.console_url()),
        kafka: sandbox.kafka_address().to_string(),
        kafka_cluster_id: KAFKA_CLUSTER_ID.to_owned(),
        msk_arn: sandbox.msk.cluster().arn,
        issuer: sandbox.issuer().to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret_file: "client-secret".to_owned(),
        access_key_id: SLUICE.id.to_owned(),
        secret_access_key_file: "aws-secret".to_owned(),
    };
    let text =
        sluice_toml_of(&sandbox.world.streams(), &addresses, &sandbox.shared.clock);
    let path = data.join("sluice.toml");
    write(data, "client-secret", CLIENT_SECRET)
        .and_then(|()| write(data, "aws-secret", SLUICE.secret))
        .and_then(|()| write(data, "sluice.toml", &text))
        .map_err(|error| folder_failure(data, &error))?;
    Ok(path)
}

fn announce(origin: &str, sandbox: &Sandbox, output: &mut Output) {
    output.say(&format!("Sluice            {origin}"));
    output.say(&format!("Sandbox console   {}", sandbox.console_url()));
    output.say(&format!(
        "AWS               AWS_ENDPOINT_URL={}",
        sandbox.aws_url()
    ));
    output.say(&format!("Kafka             {}", sandbox.kafka_address()));
    output.say("Sign in as one of these; there are no passwords:");
    for user in User::all() {
        let roles = match user.roles.is_empty() {
            true => "no role".to_owned(),
            false => user.roles.join(", "),
        };
        output.say(&format!("  {:<16} {roles}", user.name));
    }
}

/// Removes what Sluice remembered of a sandbox that is gone.
fn forget_past(data: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(data.join("sluice"))?;
    for file in ["sluice.db", "sluice.db-wal", "sluice.db-shm"] {
        match std::fs::remove_file(data.join("sluice").join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

fn write(data: &Path, name: &str, content: &str) -> std::io::Result<()> {
    std::fs::File::create(data.join(name))?.write_all(content.as_bytes())
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| folder_failure(path, &error))
}

fn folder_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure {
        code: Failure::FAILED,
        message: format!("the folder {} cannot be used: {error}", path.display()),
    }
}
