//! The style sheet's rules: colours have one place, classes are not invented,
//! and nothing is styled past the policy.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the repository")
        .to_owned()
}

/// Path and text of every file below a folder that ends so.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let text = fs::read_to_string(&path).expect("sources are text");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no file in {folder} ends in {ending}");
    found
}

/// The sheet without its comments, whose words are not rules.
fn without_comments(css: &str) -> String {
    let mut rest = css;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// The class names of every selector.
fn classes_of(css: &str) -> BTreeSet<String> {
    let css = without_comments(css);
    let mut names = BTreeSet::new();
    for (at, _) in css.match_indices('.') {
        let rest = &css[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .unwrap_or(rest.len());
        if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            names.insert(rest[..end].to_owned());
        }
    }
    names
}

/// The words of every string that a page gives as `class=`, and of every
/// string constant that looks like a class of ours where a class is chosen.
fn classes_used(rust: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for opening in ["class=\"", "class: \""] {
        for (at, _) in rust.match_indices(opening) {
            let rest = &rust[at + opening.len()..];
            let value = rest.split('"').next().unwrap_or_default();
            used.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    for text in rust.split('"').skip(1).step_by(2) {
        let block = |word: &str| {
            (word.contains("__") || word.contains("--"))
                && !word.starts_with(['-', '_'])
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || "-_0123456789".contains(c))
        };
        if text.split_whitespace().all(block) {
            used.extend(text.split_whitespace().map(str::to_owned));
        }
    }
    used
}

#[test]
fn raw_colours_stand_in_the_tokens_only() {
    let functions = ["oklch(", "rgb(", "rgba(", "hsl(", "oklab(", "light-dark("];
    let mut hits = Vec::new();
    for (path, text) in files("style", ".css") {
        if path.ends_with("tokens.css") {
            assert!(text.contains("oklch("), "the tokens hold the colours");
            continue;
        }
        for line in without_comments(&text).lines() {
            let value = line.split_once(':').map_or("", |(_, value)| value);
            let hex = value.split_whitespace().any(|word| {
                let word = word.trim_end_matches([';', ',', ')']);
                word.strip_prefix('#').is_some_and(|digits| {
                    digits.len() >= 3 && digits.chars().all(|c| c.is_ascii_hexdigit())
                })
            });
            if hex || functions.iter().any(|function| value.contains(function)) {
                hits.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(
        hits.is_empty(),
        "colours stand in style/tokens.css\n{}",
        hits.join("\n")
    );
}

#[test]
fn every_token_that_is_used_is_there() {
    let mut defined = BTreeSet::new();
    let mut used = BTreeSet::new();
    for (_, text) in files("style", ".css") {
        let text = without_comments(&text);
        for line in text.lines() {
            if let Some((name, _)) = line.trim().split_once(':')
                && name.starts_with("--")
            {
                defined.insert(name.to_owned());
            }
        }
        for part in text.split("var(").skip(1) {
            let end = part.find([')', ',']).unwrap_or(part.len());
            used.insert(part[..end].trim().to_owned());
        }
    }
    assert!(used.len() > 20, "the sheets were not understood");
    let missing: Vec<_> = used.difference(&defined).collect();
    assert!(missing.is_empty(), "no sheet defines {missing:?}");
}

#[test]
fn every_class_that_a_page_uses_is_defined() {
    let mut defined = BTreeSet::new();
    for (_, text) in files("style", ".css") {
        defined.extend(classes_of(&text));
    }
    let mut missing = Vec::new();
    for (path, text) in files("app/src", ".rs") {
        let rust = text.split("#[cfg(test)]").next().unwrap_or_default();
        for class in classes_used(rust).difference(&defined) {
            missing.push(format!("{}: {class}", path.display()));
        }
    }
    assert!(
        missing.is_empty(),
        "no CSS defines these\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_sheet_is_imported() {
    let main = fs::read_to_string(root().join("style/main.css")).expect("it is there");
    for (path, _) in files("style", ".css") {
        let name = path
            .strip_prefix(root().join("style"))
            .expect("it lies below");
        if name.as_os_str() == "main.css" {
            continue;
        }
        let import = format!("@import \"{}\"", name.display());
        assert!(
            main.contains(&import),
            "style/main.css does not import {}",
            name.display()
        );
    }
}

#[test]
fn nothing_is_styled_past_the_policy() {
    for (path, text) in files("app/src", ".rs") {
        for (index, line) in text.lines().enumerate() {
            let inline = line.contains(" style=") || line.trim().starts_with("style:");
            assert!(!inline, "{}:{}: {}", path.display(), index + 1, line.trim());
        }
    }
}

/// The build has made it by the time that all tests run; one test alone may
/// run without.
#[test]
fn the_built_sheet_is_one_file() {
    let Some(site) = std::env::var_os("SLUICE_SITE") else {
        return;
    };
    let css = fs::read_to_string(PathBuf::from(site).join("pkg/sluice.css"))
        .expect("the site has its style sheet");
    assert!(
        css.len() > 10_000,
        "the built sheet has {} bytes",
        css.len()
    );
    assert!(!css.contains("@import"), "an import was not inlined");
    for layer in ["tokens", "base", "layout", "components"] {
        assert!(
            css.contains(&format!("@layer {layer}")),
            "the layer {layer} is missing"
        );
    }
}
