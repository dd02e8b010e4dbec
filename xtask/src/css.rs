//! One style sheet out of many.

use anyhow::{Context, Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};
use lightningcss::targets::{Browsers, Targets};
use std::fs;
use std::path::Path;

/// Inlines every `@import` of `main` and writes the minified sheet to `out`.
pub(crate) fn bundle(main: &Path, out: &Path) -> Result<()> {
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler.bundle(main).map_err(|error| anyhow!("{error}"))?;
    sheet
        .minify(MinifyOptions {
            targets: targets(),
            ..MinifyOptions::default()
        })
        .map_err(|error| anyhow!("{error}"))?;
    let css = sheet
        .to_css(PrinterOptions {
            minify: true,
            targets: targets(),
            ..PrinterOptions::default()
        })
        .map_err(|error| anyhow!("{error}"))?;
    fs::write(out, css.code).with_context(|| format!("cannot write {}", out.display()))
}

/// The oldest browsers with `light-dark()`, nesting and layers, so that these
/// are left as they were written.
fn targets() -> Targets {
    const fn version(major: u32, minor: u32) -> Option<u32> {
        Some(major << 16 | minor << 8)
    }
    Targets::from(Browsers {
        chrome: version(123, 0),
        edge: version(123, 0),
        firefox: version(121, 0),
        safari: version(17, 5),
        ios_saf: version(17, 5),
        ..Browsers::default()
    })
}
