//! Bytes that have no letter, made visible.

use leptos::prelude::*;

/// The text with those bytes marked that have no letter. The pictures that stand
/// for them are in few fonts, so they are written as in a program's text.
pub(super) fn shown(text: &str) -> Vec<AnyView> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(UNSEEN.map(|(picture, _, _)| picture)) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            parts.push(before.to_owned().into_any());
        }
        let mut letters = from.chars();
        let picture = letters.next();
        let unseen = UNSEEN.iter().find(|(known, _, _)| Some(*known) == picture);
        if let Some((_, written, name)) = unseen {
            parts.push(
                view! {
                    <span class="file__unseen" title=*name>
                        {*written}
                    </span>
                }
                .into_any(),
            );
        }
        rest = letters.as_str();
    }
    parts.push(rest.to_owned().into_any());
    parts
}

/// The picture that stands for a byte, how it is written, and what it is called.
const UNSEEN: [(char, &str, &str); 2] = [
    ('\u{2400}', "\\0", "a byte that is zero"),
    ('\u{240d}', "\\r", "a carriage return"),
];
