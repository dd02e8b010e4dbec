//! `./dev bench doctor`: how fast and how small `sluice doctor` looks at a
//! checkpoint of a million objects, against a plain loop of ListObjectsV2 by the
//! same SDK on the same server. Each of the two is a process of its own.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

mod bucket;
mod measure;
mod plain;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bucket::Bucket;
use measure::{Measured, measure};

const OBJECTS: usize = 1_000_000;
/// What a page takes the server beside its own work. S3 takes some tens of
/// milliseconds; without any the two processes share this machine's cores with
/// the server, and little else is measured.
const DELAYS_MS: [u64; 2] = [0, 50];
/// What the issue allows the doctor.
const RSS_KIB_MAX: u64 = 256 * 1024;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["plain", bucket, prefix] = words.as_slice() {
        plain::list(bucket, prefix).await;
        return ExitCode::SUCCESS;
    }
    let number = words.iter().find_map(|word| word.parse().ok());
    compare(number.unwrap_or(OBJECTS)).await
}

async fn compare(objects: usize) -> ExitCode {
    let bucket = Arc::new(Bucket::generate(objects));
    let count = bucket.len();
    eprintln!(
        "{count} objects: a stream-stream join with {} partitions and four stores each; \
         {} cores",
        bucket.partitions(),
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    let mut small = true;
    for delay_ms in DELAYS_MS {
        let address = bucket.clone().serve(Duration::from_millis(delay_ms)).await;
        let plain = measure(plain::command(&address)).await;
        let doctor = measure(doctor(&address)).await;
        assert!(
            plain.said.contains(&format!("{count} objects")),
            "{}",
            plain.said
        );
        assert!(
            doctor.said.contains(&format!("{count} objects")),
            "{}",
            doctor.said
        );
        assert!(doctor.said.contains("starts with batch"), "{}", doctor.said);
        println!("\nwith {delay_ms} ms for each call:");
        show("plain sequential listing", &plain, count);
        show("sluice doctor, all of it", &doctor, count);
        println!(
            "  {:.2} times as fast, with {:.2} times the memory",
            plain.took.as_secs_f64() / doctor.took.as_secs_f64(),
            ratio(doctor.rss_kib, plain.rss_kib)
        );
        small &= doctor.rss_kib < RSS_KIB_MAX;
    }
    if small {
        println!("\nThe doctor stays under {} MiB.", RSS_KIB_MAX / 1024);
        ExitCode::SUCCESS
    } else {
        println!("\nThe doctor needs more than {} MiB.", RSS_KIB_MAX / 1024);
        ExitCode::FAILURE
    }
}

fn show(what: &str, measured: &Measured, objects: usize) {
    let objects = u32::try_from(objects).map_or(f64::NAN, f64::from);
    println!(
        "  {what}: {:.1} s, {:.0} objects a second, at most {} MiB",
        measured.took.as_secs_f64(),
        objects / measured.took.as_secs_f64(),
        measured.rss_kib / 1024
    );
}

fn ratio(one: u64, other: u64) -> f64 {
    let float = |n: u64| u32::try_from(n).map_or(f64::NAN, f64::from);
    float(one) / float(other)
}

fn doctor(address: &str) -> tokio::process::Command {
    let binary = tests::Sluice::binary();
    let mut command = tokio::process::Command::new(binary);
    command.args([
        "doctor",
        &format!("s3://{}/{}", bucket::NAME, bucket::PREFIX),
    ]);
    plain::environment(&mut command, address);
    command
}
