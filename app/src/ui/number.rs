//! Numbers, never rounded.

use leptos::prelude::*;

/// A number with its digits in groups of three: `1,204`.
pub fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        out.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number in figures of equal width. One that is not known says so.
#[component]
pub fn Number(
    /// The value; `None` is a value that could not be read.
    #[prop(into)]
    value: Option<i128>,
    /// What is counted, where no column or name says it.
    #[prop(optional, into)]
    unit: Option<String>,
) -> impl IntoView {
    let text = match (value, unit) {
        (None, _) => "unknown".to_owned(),
        (Some(value), None) => grouped(value),
        (Some(value), Some(unit)) => format!("{} {unit}", grouped(value)),
    };
    view! { <span class="number">{text}</span> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        let shown: Vec<String> = [0_i64, 7, 999, 1_000, 12_345_678, -1_204]
            .map(grouped)
            .to_vec();
        assert_eq!(
            shown,
            ["0", "7", "999", "1,000", "12,345,678", "\u{2212}1,204"]
        );
    }
}
