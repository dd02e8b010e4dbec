//! From what the compiler made to what the browser loads.

use crate::tool::node_bin;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use wasm_bindgen_cli_support::Bindgen;

/// What every browser of ours has. Naming the features matters: with
/// `--all-features` wasm-opt writes an encoding that Chromium refuses.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-reference-types",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Writes `sluice.js` and `sluice_bg.wasm`.
pub(crate) fn bind(wasm: &Path, pkg: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("sluice")
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen.web(true)?;
    bindgen.generate(pkg)
}

/// Makes the module smaller, in place.
pub(crate) fn shrink(web: &Path, module: &Path) -> Result<()> {
    let small = module.with_extension("small");
    node_bin(web, "wasm-opt")
        .arg("-Oz")
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(&small)
        .run()?;
    fs::rename(&small, module)
        .with_context(|| format!("cannot replace {}", module.display()))
}
