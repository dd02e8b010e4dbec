//! What a job run was submitted with.

use std::collections::BTreeMap;

/// Splits `sparkSubmitParameters` and keeps what `--conf` sets.
pub fn submitted_confs(parameters: &str) -> BTreeMap<String, String> {
    let mut confs = BTreeMap::new();
    let mut words = shell_words(parameters).into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--conf=") {
            Some(rest) => Some(rest.to_owned()),
            None if word == "--conf" || word == "-c" => words.next(),
            None => None,
        };
        if let Some((key, value)) = setting.as_deref().and_then(|s| s.split_once('=')) {
            confs.insert(key.to_owned(), value.to_owned());
        }
    }
    confs
}

/// Splits at blanks outside single and double quotes, as spark-submit's caller does.
fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
