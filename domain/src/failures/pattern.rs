//! The texts by which failures are recognised. A pattern is plain text with
//! three kinds of gaps: `{n}` for a whole number, `{w}` for a word without
//! white space, and `{*}` for anything on the same line.

/// No gap is longer, in bytes. Object keys have at most 1,024.
const GAP_MAX: usize = 1_200;

/// Whether the pattern occurs anywhere in the text.
pub(super) fn occurs(pattern: &str, text: &str) -> bool {
    let pieces = pieces(pattern);
    let Some((Piece::Text(first), rest)) = pieces.split_first() else {
        // A pattern that begins with a gap would fit everywhere.
        return false;
    };
    text.match_indices(first)
        .any(|(at, found)| fits(rest, &text[at + found.len()..]))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Number,
    Word,
    Anything,
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut left = pattern;
    while !left.is_empty() {
        let next = ["{n}", "{w}", "{*}"]
            .into_iter()
            .filter_map(|gap| left.find(gap).map(|at| (at, gap)))
            .min();
        let (text, gap) = match next {
            Some((at, gap)) => (&left[..at], Some(gap)),
            None => (left, None),
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        pieces.extend(gap.map(|gap| match gap {
            "{n}" => Piece::Number,
            "{w}" => Piece::Word,
            _ => Piece::Anything,
        }));
        left = &left[text.len() + gap.map_or(0, str::len)..];
    }
    pieces
}

fn fits(pieces: &[Piece<'_>], text: &str) -> bool {
    let Some((piece, rest)) = pieces.split_first() else {
        return true;
    };
    match piece {
        Piece::Text(wanted) => text
            .strip_prefix(wanted)
            .is_some_and(|text| fits(rest, text)),
        Piece::Number => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let end = digits.find(|c: char| !c.is_ascii_digit());
            let end = end.unwrap_or(digits.len());
            end > 0 && fits(rest, &digits[end..])
        }
        Piece::Word => gap(rest, text, char::is_whitespace, 1),
        Piece::Anything => gap(rest, text, |c| c == '\n', 0),
    }
}

/// Whether the pieces fit after a gap that ends before what `stops` at.
fn gap(
    rest: &[Piece<'_>],
    text: &str,
    stops: impl Fn(char) -> bool,
    at_least: usize,
) -> bool {
    let end = text.find(stops).unwrap_or(text.len());
    let end = text.floor_char_boundary(end.min(GAP_MAX));
    match rest.first() {
        None => end >= at_least,
        Some(Piece::Text(wanted)) => text
            .match_indices(wanted)
            .take_while(|(at, _)| *at <= end)
            .any(|(at, _)| at >= at_least && fits(rest, &text[at..])),
        Some(_) => (at_least..=end)
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| fits(rest, &text[at..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_hold_numbers_words_and_the_rest_of_a_line() {
        for (pattern, text, expected) in [
            ("batch {n} doesn't exist", "x: batch 41 doesn't exist", true),
            ("batch {n} doesn't exist", "batch -2 doesn't exist", true),
            ("batch {n} doesn't exist", "batch of doesn't exist", false),
            (
                "batch {n} doesn't exist",
                "batch 1 batch 2 doesn't exist",
                true,
            ),
            (
                "file {w} does not exist",
                "file s3://b/k does not exist",
                true,
            ),
            ("file {w} does not exist", "file  does not exist", false),
            ("file {w} does not exist", "file a b does not exist", false),
            ("of {*} is gone", "of one or two is gone", true),
            ("of {*} is gone", "of one\n is gone", false),
            ("of {*}", "of ", true),
            ("{*} is gone", "all is gone", false),
            ("größe {n}", "größe 7", true),
        ] {
            assert_eq!(occurs(pattern, text), expected, "{pattern:?} in {text:?}");
        }
    }

    #[test]
    fn a_gap_ends_at_its_limit_even_inside_a_letter() {
        let long = format!("of {} is gone", "ü".repeat(GAP_MAX));
        assert!(!occurs("of {*} is gone", &long));
    }
}
