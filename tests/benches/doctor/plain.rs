//! The competitor: page after page, as the SDK's documentation shows it. It keeps
//! nothing, which is the least memory that a listing can have.

use tokio::process::Command;

use crate::bucket::{NAME, PREFIX};

/// Lists and counts.
pub(crate) async fn list(bucket: &str, prefix: &str) {
    let sdk = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .load()
        .await;
    let config = aws_sdk_s3::config::Builder::from(&sdk)
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let mut count = 0;
    let mut token = None;
    loop {
        let page = client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_continuation_token(token)
            .send()
            .await
            .expect("the server answers");
        count += page.contents().len();
        if page.is_truncated() != Some(true) {
            break;
        }
        token = page.next_continuation_token().map(str::to_owned);
    }
    println!("{count} objects");
}

/// This program, as the competitor.
pub(crate) fn command(address: &str) -> Command {
    let own = std::env::current_exe().expect("a process knows its program");
    let mut command = Command::new(own);
    command.args(["plain", NAME, PREFIX]);
    environment(&mut command, address);
    command
}

/// The same for both.
pub(crate) fn environment(command: &mut Command, address: &str) {
    command
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("NO_PROXY", "127.0.0.1");
}
