//! Pages that stand outside the application: before a sign-in, and when
//! something is refused. They need no script.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// A title, a sentence, and where to go from here. All text is escaped.
pub struct PlainPage {
    status: StatusCode,
    title: String,
    message: String,
    reference: Option<String>,
    link: (String, String),
}

impl PlainPage {
    pub fn new(
        status: StatusCode,
        title: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            title: title.into(),
            message: message.into(),
            reference: None,
            link: ("/".to_owned(), "To the streams".to_owned()),
        }
    }

    /// What finds the failure in the log.
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Replaces the link; `href` is a local path.
    #[must_use]
    pub fn with_link(mut self, href: impl Into<String>, text: impl Into<String>) -> Self {
        self.link = (href.into(), text.into());
        self
    }

    fn html(&self) -> String {
        let title = escape(&self.title);
        let mut main = format!("<h1>{title}</h1>\n<p>{}</p>\n", escape(&self.message));
        if let Some(reference) = &self.reference {
            // Writing to a String does not fail.
            let _ =
                writeln!(main, "<p>Reference: <code>{}</code></p>", escape(reference));
        }
        let (href, text) = (escape(&self.link.0), escape(&self.link.1));
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title} · Sluice</title>\n\
             <link rel=\"icon\" type=\"image/svg+xml\" href=\"/pkg/mark.svg\">\n\
             <link rel=\"stylesheet\" href=\"/pkg/sluice.css\">\n</head>\n\
             <body>\n<main class=\"plain-page\">\n{main}\
             <p><a href=\"{href}\">{text}</a></p>\n</main>\n</body>\n</html>\n"
        )
    }
}

impl IntoResponse for PlainPage {
    fn into_response(self) -> Response {
        (self.status, Html(self.html())).into_response()
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        let page = PlainPage::new(StatusCode::OK, "<script>", "\"a\" & 'b'")
            .with_link("/x\"onclick=\"", "<b>");
        let html = page.html();
        assert!(html.contains("<h1>&lt;script&gt;</h1>"));
        assert!(html.contains("&quot;a&quot; &amp; &#39;b&#39;"));
        assert!(html.contains("href=\"/x&quot;onclick=&quot;\""));
    }
}
