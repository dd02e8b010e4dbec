//! What a job run is started with, and what another is started with otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::secret::may_be_secret;
use super::{Setting, Value};

/// What a job run is started with. EMR marks most of it as sensitive, so it has
/// neither `Debug` nor `Serialize`; what [`compare`] gives may be shown.
#[derive(Clone, Default)]
pub struct Launch {
    /// Release, role, mode, script and the like, by what they are called.
    pub plain: Vec<(&'static str, String)>,
    /// The arguments of the script.
    pub arguments: Vec<String>,
    /// What spark-submit is given and what is configured, by key.
    pub configured: BTreeMap<String, String>,
}

/// What is not the same, in the order of release and role, arguments, and keys.
#[must_use]
pub fn compare(before: &Launch, after: &Launch) -> Vec<Setting> {
    let plain = |launch: &Launch| -> Vec<(String, String)> {
        let named = launch.plain.iter();
        named
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect()
    };
    let configured = |launch: &Launch| -> Vec<(String, String)> {
        launch.configured.clone().into_iter().collect()
    };
    let mut settings = differing(&plain(before), &plain(after));
    settings.extend(differing(
        &by_name(&before.arguments),
        &by_name(&after.arguments),
    ));
    settings.extend(differing(&configured(before), &configured(after)));
    settings
}

fn differing(before: &[(String, String)], after: &[(String, String)]) -> Vec<Setting> {
    let mut seen = BTreeSet::new();
    let keys = before.iter().chain(after).map(|(key, _)| key);
    let keys: Vec<&String> = keys.filter(|key| seen.insert(*key)).collect();
    keys.into_iter()
        .filter_map(|key| {
            let (old, new) = (value_of(before, key), value_of(after, key));
            (old != new).then(|| {
                // A value that is hidden on one side would be told by the other.
                let hidden = [old, new]
                    .into_iter()
                    .flatten()
                    .any(|value| may_be_secret(key, value));
                Setting {
                    key: key.clone(),
                    before: shown(old, hidden),
                    after: shown(new, hidden),
                }
            })
        })
        .collect()
}

fn value_of<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str())
}

fn shown(value: Option<&str>, hidden: bool) -> Value {
    match value {
        None => Value::Absent,
        Some(_) if hidden => Value::Hidden,
        Some(value) => Value::Shown(value.to_owned()),
    }
}

/// Arguments by their names, `--name value` and `--name=value` alike; those
/// without one by their place. A name that comes again is numbered.
fn by_name(arguments: &[String]) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> = Vec::new();
    let mut add = |key: String, value: String| {
        let mut name = key.clone();
        let mut number = 2;
        while named.iter().any(|(taken, _)| *taken == name) {
            name = format!("{key} ({number})");
            number += 1;
        }
        named.push((name, value));
    };
    let mut place = 0;
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        if let Some((name, value)) = argument
            .strip_prefix("--")
            .and_then(|flag| flag.split_once('='))
        {
            add(format!("argument --{name}"), value.to_owned());
        } else if argument.starts_with("--") && argument.len() > 2 {
            let value = rest.next_if(|next| !next.starts_with("--"));
            let value = value.map_or_else(|| "given".to_owned(), Clone::clone);
            add(format!("argument {argument}"), value);
        } else {
            place += 1;
            add(format!("argument {place} without a name"), argument.clone());
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(arguments: &[&str], configured: &[(&str, &str)]) -> Launch {
        Launch {
            plain: vec![("release", "emr-7.9.0".to_owned())],
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            configured: configured
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    fn told(before: &Launch, after: &Launch) -> Vec<String> {
        let word = |value: Value| match value {
            Value::Absent => "-".to_owned(),
            Value::Shown(text) => text,
            Value::Hidden => "***".to_owned(),
        };
        compare(before, after)
            .into_iter()
            .map(|s| format!("{}: {} > {}", s.key, word(s.before), word(s.after)))
            .collect()
    }

    #[test]
    fn keys_are_added_removed_and_changed_and_the_same_is_not_told() {
        let before = launch(&[], &[("spark.a", "1"), ("spark.b", "2"), ("spark.c", "3")]);
        let mut after =
            launch(&[], &[("spark.a", "1"), ("spark.b", "9"), ("spark.d", "4")]);
        after.plain[0].1 = "emr-7.10.0".to_owned();
        assert_eq!(
            told(&before, &after),
            [
                "release: emr-7.9.0 > emr-7.10.0",
                "spark.b: 2 > 9",
                "spark.c: 3 > -",
                "spark.d: - > 4",
            ]
        );
        assert!(told(&before, &before).is_empty());
    }

    #[test]
    fn a_secret_is_said_to_have_changed_and_never_shown() {
        let before = launch(
            &["--api-token", "old", "--db=postgres://a:hush@h/d"],
            &[("spark.kafka.sasl.jaas.config", "one")],
        );
        let after = launch(
            &["--api-token=new", "--db", "postgres://h/d"],
            &[("spark.kafka.sasl.jaas.config", "two")],
        );
        assert_eq!(
            told(&before, &after),
            [
                "argument --api-token: *** > ***",
                "argument --db: *** > ***",
                "spark.kafka.sasl.jaas.config: *** > ***",
            ]
        );
    }

    #[test]
    fn arguments_are_told_by_their_names_however_they_are_written() {
        let before = launch(&["run", "--since", "latest", "--dry", "--x=1"], &[]);
        let after = launch(&["--since=latest", "go", "--x", "1", "--x", "2"], &[]);
        assert_eq!(
            told(&before, &after),
            [
                "argument 1 without a name: run > go",
                "argument --dry: given > -",
                "argument --x (2): - > 2",
            ]
        );
    }
}
