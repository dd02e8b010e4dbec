//! Every command of the runbook, as written, typed into the AWS CLI on the sandbox.
//!
//! The commands are read out of `docs/runbook.md`. One that is added there and that
//! nothing here asserts about fails the test.

mod shell;
mod walk;

use shell::{Cli, Shell};
use walk::Walk;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_does_what_the_runbook_says_by_the_aws_cli_2() {
    walked_by(Cli::Two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_does_what_the_runbook_says_by_the_aws_cli_1() {
    walked_by(Cli::One).await;
}

async fn walked_by(cli: Cli) {
    let commands = tests::runbook::commands(&tests::runbook::text());
    assert!(
        commands.len() >= 19,
        "the runbook was not understood: {commands:?}"
    );
    let walk = Walk::begin(Shell::new(cli).await).await;
    walk.through(&commands).await;
}
