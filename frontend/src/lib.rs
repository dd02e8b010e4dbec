//! Hydrates the pages in the browser.
