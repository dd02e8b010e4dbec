//! IAM's simulator: what a role's own policies say about calls.

use domain::probe::Need;
use domain::text::shell_quoted;
use futures::future::join_all;

use crate::aws::{AwsError, Iam, Judged};

/// What the simulator says about all that is needed.
pub(super) struct Simulated {
    /// How many actions were asked about.
    pub(super) actions: usize,
    /// What is denied, as sentences.
    pub(super) denied: Vec<String>,
    /// What is denied as long as a condition is not known, as sentences.
    pub(super) uncertain: Vec<String>,
}

/// Asks about every need at the same time.
pub(super) async fn of(
    iam: &Iam,
    role: &str,
    needs: &[Need],
) -> Result<Simulated, AwsError> {
    let asked = needs.iter().map(|need| async move {
        let judged = iam
            .simulate(role, &need.actions, &need.resource, &need.context)
            .await;
        (need, judged)
    });
    let mut all = Simulated {
        actions: 0,
        denied: Vec::new(),
        uncertain: Vec::new(),
    };
    for (need, judged) in join_all(asked).await {
        for one in judged? {
            all.actions += 1;
            let Some(said) = refused(need, &one) else {
                continue;
            };
            if one.missing.is_empty() {
                all.denied.push(said);
            } else {
                all.uncertain.push(said);
            }
        }
    }
    Ok(all)
}

/// The same for a shell.
pub(super) fn command(role_arn: &str, needs: &[Need]) -> String {
    let lines: Vec<String> = needs
        .iter()
        .map(|need| {
            let context = match need.context.is_empty() {
                true => String::new(),
                false => need
                    .context
                    .iter()
                    .fold(" --context-entries".to_owned(), |all, (key, value)| {
                        let entry = format!(
                            "ContextKeyName={key},ContextKeyValues={value},ContextKeyType=string"
                        );
                        format!("{all} {}", shell_quoted(&entry))
                    }),
            };
            format!(
                "aws iam simulate-principal-policy --policy-source-arn {} --action-names {} --resource-arns {}{context}",
                shell_quoted(role_arn),
                need.actions.join(" "),
                shell_quoted(&need.resource)
            )
        })
        .collect();
    lines.join("\n")
}

fn refused(need: &Need, judged: &Judged) -> Option<String> {
    let why = match judged.decision.as_str() {
        "allowed" => return None,
        "implicitDeny" => "no policy of the role allows it".to_owned(),
        "explicitDeny" => "a policy denies it outright".to_owned(),
        other => format!("IAM says {other}"),
    };
    let condition = if judged.missing.is_empty() {
        String::new()
    } else {
        format!(
            ", where {} is not known here and may decide otherwise",
            judged.missing.join(", ")
        )
    };
    Some(format!(
        "{} on {}: {why}{condition}.",
        judged.action, need.resource
    ))
}
