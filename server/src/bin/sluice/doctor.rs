//! `sluice doctor`.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{ArgAction, Args, ValueEnum};
use domain::checkpoint::SparkLine;
use server::config::HostPort;
use server::doctor::{Options, Place, Step, diagnose, render};

/// Foretells what Spark will do with a checkpoint. It only reads, and needs no
/// configuration, server or database.
///
/// For S3, credentials and region come from the SDK's own chain, as for the AWS
/// command line; AWS_ENDPOINT_URL is honoured.
///
/// Exit codes: 0 it starts and nothing is an error, 1 it fails or something is,
/// 2 that could not be told.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DoctorArguments {
    /// A directory, or s3://bucket/prefix/.
    #[arg(value_name = "PLACE")]
    place: OsString,
    /// The Spark that starts the query, such as 3.5 or 3.5.6.
    #[arg(long, value_name = "VERSION")]
    spark: Option<SparkLine>,
    /// How many sources the query has; a self-join of one stream counts twice.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    sources: Option<u32>,
    /// Whether the query keeps state.
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    stateful: Option<bool>,
    /// Brokers to compare the offsets with, by commas; asked without
    /// authentication.
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', value_parser = broker)]
    kafka: Vec<HostPort>,
    /// Where the query's rows go: a directory, or s3://bucket/prefix/. What the
    /// sink remembers of batches is then held against the next start.
    #[arg(long, value_name = "PLACE")]
    sink: Option<OsString>,
    /// For people or for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn broker(text: &str) -> Result<HostPort, String> {
    HostPort::try_from(text.to_owned()).map_err(str::to_owned)
}

/// Looks, prints, and gives the exit code.
pub(crate) async fn run(arguments: DoctorArguments) -> ExitCode {
    let sink = arguments.sink.as_deref().map(Place::parse).transpose();
    let (place, sink) = match (Place::parse(&arguments.place), sink) {
        (Ok(place), Ok(sink)) => (place, sink),
        (Err(error), _) | (_, Err(error)) => {
            complain(&error.to_string());
            return ExitCode::from(2);
        }
    };
    let options = Options {
        spark: arguments.spark,
        sources: arguments.sources,
        stateful: arguments.stateful,
        kafka: (!arguments.kafka.is_empty()).then_some(arguments.kafka),
        sink,
    };
    let waiting = Waiting::new();
    let report = diagnose(&place, &options, &|step| waiting.tell(step)).await;
    waiting.end();
    let text = match arguments.format {
        Format::Json => report.json(),
        Format::Text => {
            let wanted = std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            render(&report, wanted && stdout().is_terminal())
        }
    };
    if let Some(error) = &report.error {
        complain(error);
    }
    // Nobody is left to tell when the reader has gone away.
    let _ = stdout().write_all(text.as_bytes());
    ExitCode::from(report.exit_code())
}

fn complain(message: &str) {
    let _ = writeln!(stderr(), "sluice: {}", message.escape_debug());
}

/// Shorter looks tell nothing of their progress.
const QUIET: Duration = Duration::from_secs(1);
const ON_A_TERMINAL: Duration = Duration::from_millis(200);
/// A log is not filled with it.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// The line on standard error that says how far it is.
struct Waiting {
    since: Instant,
    terminal: bool,
    told: Mutex<Option<Instant>>,
}

impl Waiting {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            terminal: stderr().is_terminal(),
            told: Mutex::new(None),
        }
    }

    fn tell(&self, step: Step) {
        let waited = self.since.elapsed();
        if waited < QUIET {
            return;
        }
        let every = if self.terminal {
            ON_A_TERMINAL
        } else {
            ELSEWHERE
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < every) {
            return;
        }
        *told = Some(Instant::now());
        let said = match step {
            Step::Listed(objects) => {
                let a_second = u128::from(objects) * 1000 / waited.as_millis().max(1);
                format!("{objects} objects listed, {a_second} a second")
            }
            Step::Read { files, of } => format!("{files} of {of} files read"),
            Step::AsksKafka => "asking Kafka".to_owned(),
            Step::LooksAtTheSink => "looking at the sink".to_owned(),
        };
        let _ = if self.terminal {
            write!(stderr(), "\r\u{1b}[K{said}")
        } else {
            writeln!(stderr(), "sluice: {said}")
        };
    }

    /// Leaves a clean line behind.
    fn end(&self) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if self.terminal && told.is_some() {
            let _ = write!(stderr(), "\r\u{1b}[K");
        }
    }
}
