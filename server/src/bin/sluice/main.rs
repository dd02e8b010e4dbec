//! The one binary: `sluice serve`, and what else is done from a command line.

mod audit;
mod doctor;
mod output;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Output;

/// Resets a streaming job's checkpoint under control, with proof.
///
/// Exit codes: 0 done, 1 failed, 2 the arguments or the configuration were
/// refused, 3 the audit found a bad row. `doctor` has its own.
#[derive(Parser)]
#[command(version, about, verbatim_doc_comment)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages until SIGTERM.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Serve the pages on a local AWS, Kafka and identity provider.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArguments),
    /// Say what Spark will do with a checkpoint.
    Doctor(doctor::DoctorArguments),
    /// Prove the audit journal.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Walk the journal's hash chain and name the first bad row, if there is one.
    Verify {
        #[command(flatten)]
        config: ConfigFile,
        /// A head that was noted earlier, as `row:hash`: the journal must still
        /// contain it, or rows were cut off its end.
        #[arg(long, value_name = "ROW:HASH", value_parser = audit::parse_head)]
        head: Option<server::store::Head>,
    },
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration; sluice.example.toml documents every key.
    #[arg(long, value_name = "FILE", default_value = "sluice.toml")]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::standard();
    let done = match arguments.command {
        Command::Serve { config } => serve::from_file(&config.config).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(arguments, &mut output).await,
        // Its exit codes are its own.
        Command::Doctor(arguments) => return doctor::run(arguments).await,
        Command::Audit {
            command: AuditCommand::Verify { config, head },
        } => audit::verify(&config.config, head.as_ref(), &mut output).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Why a command did not do its work.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    const FAILED: u8 = 1;
    const REFUSED: u8 = 2;
    const BAD_ROW: u8 = 3;

    fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            code: Self::FAILED,
            message: server::telemetry::chain(error),
        }
    }
}

impl From<server::config::ConfigError> for Failure {
    /// One line for each problem, so its own line breaks are kept.
    fn from(error: server::config::ConfigError) -> Self {
        Self {
            code: Self::REFUSED,
            message: error.to_string(),
        }
    }
}
