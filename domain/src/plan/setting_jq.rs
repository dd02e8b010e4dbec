//! The change of a driver as a `jq` program, for the command that does by hand
//! what the restart does. It reads what `get-job-run` answers, with the names
//! of `start-job-run`.

use super::Setting;

/// A filter that makes the change.
pub(super) fn program(setting: &Setting) -> String {
    match setting {
        Setting::Conf { key, value } => conf(key, value),
        Setting::Argument { name, value } => argument(name, value),
    }
}

/// Sets the property of `spark-defaults`, and takes a `--conf` of the same key
/// out of the parameters, where it would win.
fn conf(key: &str, value: &str) -> String {
    let pattern = key.replace('.', r"\.");
    let setting = format!(r#"({pattern}=\S*|'{pattern}=[^']*'|"{pattern}=[^"]*")"#);
    let pattern = literal(&format!(r"(^|\s+)(--conf(=|\s+)|-c\s+){setting}"));
    let (key, value) = (literal(key), literal(value));
    format!(
        r#".configurationOverrides.applicationConfiguration |= ((. // []) | if any(.[]; .classification == "spark-defaults") then . else . + [{{"classification": "spark-defaults"}}] end | map(if .classification == "spark-defaults" then .properties[{key}] = {value} else . end)) | if .jobDriver.sparkSubmit.sparkSubmitParameters then .jobDriver.sparkSubmit.sparkSubmitParameters |= gsub({pattern}; "") else . end | if .jobDriver.sparkSubmit.sparkSubmitParameters == "" then del(.jobDriver.sparkSubmit.sparkSubmitParameters) else . end"#
    )
}

/// Replaces the argument's value, or appends both.
fn argument(name: &str, value: &str) -> String {
    let (name, given, value) = (
        literal(&format!("--{name}")),
        literal(&format!("--{name}=")),
        literal(value),
    );
    format!(
        r#".jobDriver.sparkSubmit.entryPointArguments |= ((. // []) | if index({name}) then .[index({name}) + 1] = {value} elif any(.[]; startswith({given})) then map(if startswith({given}) then {given} + {value} else . end) else . + [{name}, {value}] end)"#
    )
}

/// A string literal of jq. JSON's own, since it never holds `\(`, which jq
/// would take as a program; an apostrophe is written as its code.
fn literal(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\'', r"\u0027")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_no_apostrophe_that_would_end_the_shells_quotes() {
        let value = r#"{"t":{"0":1}}"#.to_owned();
        for setting in [
            Setting::Conf {
                key: "spark.a.b".into(),
                value: value.clone(),
            },
            Setting::Argument {
                name: "from".into(),
                value,
            },
        ] {
            let program = program(&setting);
            assert!(!program.contains('\''), "{program}");
            assert!(program.contains(r#""{\"t\":{\"0\":1}}""#), "{program}");
        }
    }
}
