//! Against a bucket in memory that answers as S3 does, with small pages.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Millis;

use super::*;

const PAGE: usize = 7;

/// A page as S3 gives it.
fn answer(keys: &BTreeSet<String>, part: &Part) -> Page {
    let asks = part.asks();
    let from = asks.token.or(asks.after).unwrap_or_default();
    let mut page = Page {
        objects: Vec::new(),
        folders: Vec::new(),
        more: false,
        token: None,
    };
    for key in keys.iter().filter(|key| key.starts_with(asks.prefix)) {
        if !from.is_empty() && key.as_str() <= from {
            continue;
        }
        let folder = key[asks.prefix.len()..]
            .find('/')
            .filter(|_| asks.by_folder)
            .map(|at| key[..=asks.prefix.len() + at].to_owned());
        if folder.is_some() && page.folders.last() == folder.as_ref() {
            page.token = Some(key.clone());
            continue;
        }
        if page.objects.len() + page.folders.len() == PAGE {
            page.more = true;
            return page;
        }
        page.token = Some(key.clone());
        match folder {
            Some(folder) => page.folders.push(folder),
            None => page.objects.push(object(key)),
        }
    }
    page.token = None;
    page
}

fn object(key: &str) -> Object {
    Object {
        key: key.to_owned(),
        etag: "e".to_owned(),
        size: 1,
        last_modified: Millis(0),
        class: None,
    }
}

/// What is listed, and with how many calls.
fn listed(keys: &BTreeSet<String>, prefix: &str) -> (Vec<String>, usize) {
    let mut found = Vec::new();
    let mut waiting = vec![Part::all_under(prefix)];
    let mut calls = 0;
    while let Some(part) = waiting.pop() {
        calls += 1;
        assert!(calls < 100_000, "the listing does not end");
        let page = answer(keys, &part);
        let (objects, parts) = part.go_on(page).unwrap();
        found.extend(objects.into_iter().map(|object| object.key));
        waiting.extend(parts);
    }
    found.sort_unstable();
    (found, calls)
}

#[track_caller]
fn is_whole(keys: impl IntoIterator<Item = String>, prefix: &str) -> usize {
    let keys: BTreeSet<String> = keys.into_iter().collect();
    let expected: Vec<String> = keys
        .iter()
        .filter(|key| key.starts_with(prefix))
        .cloned()
        .collect();
    let (found, calls) = listed(&keys, prefix);
    assert_eq!(found, expected);
    calls
}

#[test]
fn a_small_place_is_one_call() {
    let keys = ["a/metadata", "a/offsets/0", "ab/x"].map(str::to_owned);
    assert_eq!(is_whole(keys, "a/"), 1);
}

#[test]
fn the_parts_of_a_checkpoint_are_the_whole() {
    let mut keys = vec!["c/metadata".to_owned(), "c/state".to_owned()];
    for batch in 0..40 {
        keys.push(format!("c/offsets/{batch}"));
        keys.push(format!("c/commits/{batch}"));
        for partition in 0..5 {
            keys.push(format!("c/state/0/{partition}/{batch}.delta"));
            keys.push(format!("c/state/0/{partition}/left/{batch}.delta"));
        }
    }
    is_whole(keys, "c/");
}

#[test]
fn odd_keys_come_once() {
    let mut keys: Vec<String> = [
        "p/",
        "p//",
        "p//x",
        "p///",
        "p/a",
        "p/a/",
        "p/a/b",
        "p/a0",
        "p/a.",
        "p/\u{1}",
        "p/\u{ffff}",
        "p/\u{10ffff}/x",
        "p/é/1",
        "p/+ %",
        "p0",
        "o/x",
        "p",
    ]
    .map(str::to_owned)
    .into();
    for n in 0..60 {
        keys.push(format!("p/a/{n}"));
        keys.push(format!("p/{n}"));
        keys.push(format!("p/{n}/"));
        keys.push(format!("p/{}", "d/".repeat(n)));
    }
    for prefix in ["p/", "p", "", "p/a/", "p/5"] {
        is_whole(keys.clone(), prefix);
    }
}

#[test]
fn numbered_files_are_cut_at_digits_and_come_once() {
    let numbered = |n: usize| (0..n).map(|batch| format!("offsets/{batch}"));
    for count in [1, 56, 57, 600, 5_000] {
        is_whole(numbered(count), "offsets/");
    }
    // Beside what is no number, before and after the digits.
    let odd = [
        "offsets/-1",
        "offsets/2",
        "offsets/zz",
        "offsets/9x",
        "offsets/é",
    ];
    let keys: Vec<String> = numbered(700).chain(odd.map(str::to_owned)).collect();
    is_whole(keys, "offsets/");
}

#[test]
fn many_folders_with_little_in_them_are_listed_in_groups() {
    let keys: Vec<String> = (0..5_000)
        .flat_map(|n| [format!("x/{n}/0"), format!("x/{n}.txt")])
        .collect();
    let pages = keys.len() / PAGE;
    let calls = is_whole(keys, "x/");
    assert!(calls < 3 * pages, "{calls} calls for {pages} pages");
}

#[test]
fn answers_that_cannot_be_right_are_refused() {
    let page = |keys: &[&str], folders: &[&str], more, token: Option<&str>| Page {
        objects: keys.iter().map(|key| object(key)).collect(),
        folders: folders.iter().map(|folder| (*folder).to_owned()).collect(),
        more,
        token: token.map(str::to_owned),
    };
    let whole = || Part::all_under("p/");
    let by_folder = || Part {
        by_folder: true,
        ..whole()
    };
    let later = || Part {
        token: Some("t".to_owned()),
        last: Some("p/b".to_owned()),
        ..whole()
    };
    for (part, page) in [
        (whole(), page(&["p/b", "p/a"], &[], false, None)),
        (whole(), page(&["p/a", "p/a"], &[], false, None)),
        (whole(), page(&["p/a"], &[], true, None)),
        (whole(), page(&[], &[], true, Some("t"))),
        (whole(), page(&[], &["p/a/"], false, None)),
        (later(), page(&["p/b"], &[], false, None)),
        (later(), page(&["p/c"], &[], true, Some("t"))),
        (by_folder(), page(&["p/a/b"], &[], false, None)),
        (by_folder(), page(&[], &["p/a"], false, None)),
        (by_folder(), page(&[], &["p/a/b/"], false, None)),
        (by_folder(), page(&[], &["q/a/"], false, None)),
        (by_folder(), page(&[], &["p/b/", "p/a/"], false, None)),
    ] {
        assert!(part.go_on(page).is_err());
    }
}

/// Keys of few letters, so that they are near each other in every way.
#[test]
fn any_keys_come_once() {
    let letters = ["/", "0", "1", "9", "a", "~", "é"];
    let mut seed = 7_u64;
    let mut next = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut sizes = BTreeMap::new();
    for _ in 0..300 {
        let keys: BTreeSet<String> = (0..next(400))
            .map(|_| {
                (0..=next(6))
                    .map(|_| letters[usize::try_from(next(7)).unwrap()])
                    .collect()
            })
            .collect();
        *sizes.entry(keys.len() / 50).or_insert(0) += 1;
        for prefix in ["", "0", "1/", "/"] {
            is_whole(keys.clone(), prefix);
        }
    }
    assert!(sizes.len() > 3, "{sizes:?}");
}
