//! The document around every page: head, skip link, scripts.

use crate::App;
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// The whole HTML document. Rendered on the server only; the browser hydrates
/// what stands in `<body>`.
///
/// There is no inline style or script here but Leptos' own, which carries the
/// nonce of the request: the content security policy refuses all others.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" type="image/svg+xml" href="/pkg/mark.svg" />
                <link
                    rel="preload"
                    href="/pkg/fonts/inter.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin="anonymous"
                />
                <link rel="stylesheet" href="/pkg/sluice.css" />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
