//! Where a sign-in leads back to: a path of this server and nowhere else.

use url::Url;

/// The given path where it is one of ours, else the start page.
pub(super) fn local_path(wanted: Option<&str>) -> String {
    wanted.and_then(judge).unwrap_or_else(|| "/".to_owned())
}

fn judge(wanted: &str) -> Option<String> {
    if !wanted.starts_with('/') || wanted.chars().any(char::is_control) {
        return None;
    }
    // Browsers take a backslash for a slash, and drop tabs and line breaks; the
    // parser does as they do, so what it calls ours is ours.
    let base = Url::parse("http://sluice.invalid/").ok()?;
    let url = base.join(wanted).ok()?;
    if url.origin() != base.origin() || !url.username().is_empty() {
        return None;
    }
    let path = url.path();
    // Back to the sign-in would go round in circles.
    if path.starts_with("//") || path == "/sign-in" || path.starts_with("/sign-in/") {
        return None;
    }
    Some(match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_site_is_never_led_to() {
        for wanted in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "/\t/evil.example",
            "/%09/../..//evil.example",
            "javascript:alert(1)",
            "/sign-in?return_to=/sign-in",
            "/sign-in/callback",
            "/x/../sign-in",
            "",
        ] {
            assert_eq!(local_path(Some(wanted)), "/", "{wanted:?}");
        }
        assert_eq!(local_path(None), "/");
    }

    #[test]
    fn a_page_of_ours_is_led_back_to() {
        for path in [
            "/",
            "/streams/orders",
            "/runs/x?tab=log&page=2",
            "/signed-out",
        ] {
            assert_eq!(local_path(Some(path)), path);
        }
    }
}
