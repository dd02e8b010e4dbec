//! Hydrates the pages in the browser.

use leptos::prelude::document;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script that Leptos puts into the page's head.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
    // For the style sheet and the browser tests: what needs script works now.
    if let Some(root) = document().document_element() {
        let _unmarked = root.set_attribute("data-alive", "yes");
    }
}
