//! Puts the starting position into the driver of a job run that is started
//! again: pure functions over EMR's own types.
//!
//! Spark takes a conf from the code before `--conf` before `spark-defaults`. The
//! value goes into `spark-defaults`, where no shell's quoting stands between it
//! and Spark, so a `--conf` of the same key has to go.

use std::collections::HashMap;
use std::ops::Range;

use aws_sdk_emrserverless::types as sdk;
use domain::plan::Setting;

/// Why the driver cannot carry the starting position. Nothing was changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum CannotCarry {
    /// There is no Spark driver to change.
    #[error("its driver is not Spark's, so it has no {0}")]
    NotSpark(String),
    /// A word of the parameters whose end is not certain.
    #[error(
        "{0} stands in its sparkSubmitParameters with quoting that is not understood; set it in spark-defaults there, or leave it out, and start the job once so"
    )]
    Quoting(String),
    /// A file of properties that is read instead of `spark-defaults`.
    #[error(
        "its sparkSubmitParameters name a --properties-file, which is read instead of spark-defaults; start the job once without it, or let seeding or an argument carry the starting position"
    )]
    PropertiesFile,
    /// As many properties as EMR takes.
    #[error(
        "its spark-defaults hold {} properties already, and EMR takes no more",
        PROPERTIES_MAX
    )]
    Full,
    /// The argument stands without a value of its own. What follows it is not
    /// told, since arguments are sensitive.
    #[error(
        "its argument --{0} is followed by another option, so what its value is cannot be told"
    )]
    NoValue(String),
}

const DEFAULTS: &str = "spark-defaults";
/// `SensitivePropertiesMap` in EMR's service model.
const PROPERTIES_MAX: usize = 100;

/// Changes what a job run was started with so that it carries `setting`.
pub(super) fn carry(setting: &Setting, run: &mut sdk::JobRun) -> Result<(), CannotCarry> {
    let Some(sdk::JobDriver::SparkSubmit(spark)) = &mut run.job_driver else {
        return Err(CannotCarry::NotSpark(setting.place()));
    };
    match setting {
        Setting::Conf { key, value } => {
            if let Some(parameters) = &spark.spark_submit_parameters {
                let rest = without_conf(parameters, key)?;
                spark.spark_submit_parameters =
                    Some(rest).filter(|rest| !rest.trim().is_empty());
            }
            let overrides = run
                .configuration_overrides
                .get_or_insert_with(|| sdk::ConfigurationOverrides::builder().build());
            let all = overrides.application_configuration.get_or_insert_default();
            with_default(all, key, value)
        }
        Setting::Argument { name, value } => {
            let arguments = spark.entry_point_arguments.get_or_insert_default();
            with_argument(arguments, name, value)
        }
    }
}

fn with_default(
    all: &mut Vec<sdk::Configuration>,
    key: &str,
    value: &str,
) -> Result<(), CannotCarry> {
    if all.iter().all(|one| one.classification != DEFAULTS) {
        all.push(
            sdk::Configuration::builder()
                .classification(DEFAULTS)
                .build()
                .expect("a classification is all that it needs"),
        );
    }
    for one in all.iter_mut().filter(|one| one.classification == DEFAULTS) {
        let properties: &mut HashMap<_, _> = one.properties.get_or_insert_default();
        properties.insert(key.to_owned(), value.to_owned());
        if properties.len() > PROPERTIES_MAX {
            return Err(CannotCarry::Full);
        }
    }
    Ok(())
}

/// The parameters without any `--conf` of this key; all else byte for byte.
fn without_conf(parameters: &str, key: &str) -> Result<String, CannotCarry> {
    if parameters.contains("--properties-file") {
        return Err(CannotCarry::PropertiesFile);
    }
    if !sets(parameters, key) {
        return Ok(parameters.to_owned());
    }
    let not_understood = || CannotCarry::Quoting(key.to_owned());
    let words = words(parameters).ok_or_else(not_understood)?;
    let begins = |text: &str| {
        text.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with('='))
    };
    let mut kept = String::new();
    let mut kept_until = 0;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let takes_next = word.text == "--conf" || word.text == "-c";
        let next = words.get(at + 1).filter(|_| takes_next);
        let is_ours = match (next, word.text.strip_prefix("--conf=")) {
            (Some(next), _) => begins(&next.text),
            (None, Some(setting)) => begins(setting),
            (None, None) => false,
        };
        at += 1 + usize::from(next.is_some());
        if is_ours {
            kept.push_str(&parameters[kept_until..word.span.start]);
            // The blanks after it go with it.
            kept_until = words.get(at).map_or(parameters.len(), |w| w.span.start);
        }
    }
    kept.push_str(&parameters[kept_until..]);
    if sets(&kept, key) {
        return Err(not_understood());
    }
    Ok(kept.trim_end().to_owned())
}

/// Whether `key=` stands anywhere, as a key of its own.
fn sets(text: &str, key: &str) -> bool {
    let needle = format!("{key}=");
    let of_a_key = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    text.match_indices(&needle)
        .any(|(at, _)| !text[..at].ends_with(of_a_key))
}

/// A word and where it stands, quotes included.
pub(super) struct Word {
    pub(super) text: String,
    span: Range<usize>,
}

/// The words, split at blanks outside quotes. `None` where a quote is not
/// closed, or where a backslash may mean anything.
pub(super) fn words(text: &str) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<Word> = None;
    let mut quote: Option<char> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if quote.is_none() && c.is_whitespace() {
            words.extend(open.take());
            continue;
        }
        let word = open.get_or_insert_with(|| Word {
            text: String::new(),
            span: at..end,
        });
        word.span.end = end;
        match (quote, c) {
            (_, '\\') => return None,
            (Some(opened), c) if c == opened => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            _ => word.text.push(c),
        }
    }
    words.extend(open);
    quote.is_none().then_some(words)
}

/// Replaces the argument's value wherever it stands, or appends both. What
/// follows a bare `--` are no options.
fn with_argument(
    arguments: &mut Vec<String>,
    name: &str,
    value: &str,
) -> Result<(), CannotCarry> {
    let (flag, given) = (format!("--{name}"), format!("--{name}="));
    let mut changed = Vec::new();
    let mut found = false;
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next_if(|argument| *argument != "--") {
        if *argument == flag {
            found = true;
            changed.extend([flag.clone(), value.to_owned()]);
            if rest.next().is_some_and(|next| next.starts_with("--")) {
                return Err(CannotCarry::NoValue(name.to_owned()));
            }
        } else if argument.starts_with(&given) {
            found = true;
            changed.push(format!("{given}{value}"));
        } else {
            changed.push(argument.clone());
        }
    }
    if !found {
        changed.extend([flag, value.to_owned()]);
    }
    changed.extend(rest.cloned());
    *arguments = changed;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "spark.orders.startingOffsets";
    const VALUE: &str = r#"{"orders_events":{"0":123}}"#;

    #[test]
    fn a_conf_of_the_same_key_goes_and_all_else_stays() {
        for (before, after) in [
            ("", ""),
            (
                "--conf spark.executor.memory=8g",
                "--conf spark.executor.memory=8g",
            ),
            ("--conf spark.orders.startingOffsets=latest", ""),
            (
                "--conf spark.a=1  --conf spark.orders.startingOffsets=latest --jars s3://b/x.jar",
                "--conf spark.a=1  --jars s3://b/x.jar",
            ),
            (
                "-c spark.orders.startingOffsets=latest -c spark.a=1",
                "-c spark.a=1",
            ),
            (
                "--conf=spark.orders.startingOffsets=latest --conf=a=1",
                "--conf=a=1",
            ),
            (
                r#"--conf 'spark.orders.startingOffsets={"t": {"0": 1}}' --conf "spark.a=1 2""#,
                r#"--conf "spark.a=1 2""#,
            ),
            (
                r#"--conf spark.a=1 --conf spark.orders.startingOffsets='{"t":{"0":1}}'"#,
                "--conf spark.a=1",
            ),
            (
                "--conf spark.orders.startingOffsets=1 --conf spark.orders.startingOffsets=2",
                "",
            ),
            // Another key, and another's value, that only look alike.
            (
                "--conf spark.orders.startingOffsetsByTimestamp=1 --conf my.spark.orders.startingOffsets=2",
                "--conf spark.orders.startingOffsetsByTimestamp=1 --conf my.spark.orders.startingOffsets=2",
            ),
            // A backslash elsewhere is no trouble where the key is not there.
            (r"--conf spark.a=\ b", r"--conf spark.a=\ b"),
        ] {
            assert_eq!(without_conf(before, KEY).as_deref(), Ok(after), "{before}");
        }
    }

    #[test]
    fn parameters_that_are_not_understood_are_refused() {
        let quoting = || CannotCarry::Quoting(KEY.to_owned());
        for (parameters, error) in [
            ("--conf 'spark.orders.startingOffsets=latest", quoting()),
            (
                r"--conf spark.orders.startingOffsets={\x22t\x22:1}",
                quoting(),
            ),
            (
                r"--conf spark.a=\' --conf spark.orders.startingOffsets=1",
                quoting(),
            ),
            (
                "--conf spark.driver.extraJavaOptions='-Da=b spark.orders.startingOffsets=1'",
                quoting(),
            ),
            ("--properties-file s3://b/p", CannotCarry::PropertiesFile),
        ] {
            assert_eq!(without_conf(parameters, KEY), Err(error), "{parameters}");
        }
    }

    #[test]
    fn an_argument_is_replaced_in_the_form_it_has_or_appended() {
        let from = "starting-offsets";
        let cases: [(&[&str], &[&str]); 6] = [
            (&[], &["--starting-offsets", VALUE]),
            (&["a", "b"], &["a", "b", "--starting-offsets", VALUE]),
            (
                &["--starting-offsets", "latest", "--x", "1"],
                &["--starting-offsets", VALUE, "--x", "1"],
            ),
            (&["--starting-offsets"], &["--starting-offsets", VALUE]),
            (
                &["--x", "--starting-offsets=latest"],
                &["--x", r#"--starting-offsets={"orders_events":{"0":123}}"#],
            ),
            (
                &[
                    "--starting-offsets-of",
                    "1",
                    "--",
                    "--starting-offsets",
                    "2",
                ],
                &[
                    "--starting-offsets-of",
                    "1",
                    "--starting-offsets",
                    VALUE,
                    "--",
                    "--starting-offsets",
                    "2",
                ],
            ),
        ];
        for (before, after) in cases {
            let mut arguments: Vec<String> =
                before.iter().map(ToString::to_string).collect();
            with_argument(&mut arguments, from, VALUE).unwrap();
            assert_eq!(arguments, after, "{before:?}");
        }
        let mut arguments = vec!["--starting-offsets".to_owned(), "--x".to_owned()];
        let refused = with_argument(&mut arguments, from, VALUE);
        assert_eq!(refused, Err(CannotCarry::NoValue(from.to_owned())));
        assert_eq!(arguments, ["--starting-offsets", "--x"], "unchanged");
    }

    #[test]
    fn a_default_is_set_where_spark_reads_it_and_nowhere_else() {
        let classified = |name: &str, properties: usize| {
            sdk::Configuration::builder()
                .classification(name)
                .set_properties(Some(
                    (0..properties)
                        .map(|n| (format!("spark.p{n}"), n.to_string()))
                        .collect(),
                ))
                .build()
                .unwrap()
        };
        for (before, places) in [
            (vec![], vec![(DEFAULTS, 1)]),
            (
                vec![classified("spark-env", 1)],
                vec![("spark-env", 1), (DEFAULTS, 1)],
            ),
            (vec![classified(DEFAULTS, 2)], vec![(DEFAULTS, 3)]),
        ] {
            let mut all = before;
            // Twice is as once.
            with_default(&mut all, KEY, "earlier").unwrap();
            with_default(&mut all, KEY, VALUE).unwrap();
            let found: Vec<(&str, usize)> = all
                .iter()
                .map(|c| (c.classification(), c.properties().map_or(0, HashMap::len)))
                .collect();
            assert_eq!(found, places);
            let defaults = all.iter().find(|c| c.classification == DEFAULTS).unwrap();
            assert_eq!(defaults.properties().unwrap()[KEY], VALUE);
        }
        let mut full = vec![classified(DEFAULTS, PROPERTIES_MAX)];
        assert_eq!(with_default(&mut full, KEY, VALUE), Err(CannotCarry::Full));
    }
}
