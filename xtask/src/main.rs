//! Bundles the browser part into a site folder that the server hands out:
//!
//! ```text
//! site/pkg/sluice.js          made by wasm-bindgen, as the page imports it
//! site/pkg/sluice_bg.wasm     made small by wasm-opt
//! site/pkg/sluice.css         style/main.css with its imports, one file
//! site/pkg/echarts.js         the part of ECharts that the charts use
//! site/pkg/fonts/*.woff2      the two typefaces
//! site/pkg/mark.svg           the icon of the tab
//! site/pkg/*.br               all of it but the fonts, compressed beforehand
//! ```
//!
//! A step is left out while the digest of its inputs is the one that its
//! outputs were made from; the digests lie in `site/.stamps`, which is not
//! served. File names carry no hash: the server sends an ETag, and a page asks
//! again each time.

mod css;
mod stamp;
mod tool;
mod wasm;

use anyhow::{Context, Result, bail};
use stamp::Stamps;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: xtask bundle --wasm FILE --site DIR | xtask css --site DIR";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Vec<String>) -> Result<()> {
    let option = |name: &str| -> Result<PathBuf> {
        let at = args.iter().position(|arg| arg == name).context(USAGE)?;
        Ok(PathBuf::from(args.get(at + 1).context(USAGE)?))
    };
    let site = Site::open(option("--site")?)?;
    match args.first().map(String::as_str) {
        Some("css") => site.css()?,
        Some("bundle") => {
            site.css()?;
            site.charts()?;
            site.files()?;
            site.wasm(&option("--wasm")?)?;
        }
        _ => bail!(USAGE),
    }
    site.compress()
}

/// The folder that is filled, and where the inputs lie.
struct Site {
    pkg: PathBuf,
    stamps: Stamps,
    root: PathBuf,
}

impl Site {
    fn open(site: PathBuf) -> Result<Self> {
        let pkg = site.join("pkg");
        fs::create_dir_all(pkg.join("fonts"))
            .with_context(|| format!("cannot make {}", pkg.display()))?;
        // As cargo says it now. What was compiled in may be the folder of another
        // clone that shares the target directory.
        let root = env::var_os("CARGO_MANIFEST_DIR")
            .context("xtask is started by cargo: cargo run -p xtask -- …")
            .map(PathBuf::from)?
            .parent()
            .context("xtask has no parent folder")?
            .to_owned();
        Ok(Self {
            stamps: Stamps::open(site.join(".stamps"))?,
            pkg,
            root,
        })
    }

    fn css(&self) -> Result<()> {
        let inputs = stamp::files_under(&self.root.join("style"))?;
        let out = self.pkg.join("sluice.css");
        self.stamps.step("css", &inputs, &[&out], || {
            css::bundle(&self.root.join("style/main.css"), &out)
        })
    }

    /// ECharts comes as modules; only what `web/echarts.js` names is kept.
    fn charts(&self) -> Result<()> {
        let web = self.root.join("web");
        let entry = web.join("echarts.js");
        let out = self.pkg.join("echarts.js");
        let inputs = [entry.clone(), web.join("package-lock.json")];
        self.stamps.step("echarts", &inputs, &[&out], || {
            tool::node_bin(&web, "esbuild")
                .arg(&entry)
                .args([
                    "--bundle",
                    "--minify",
                    "--format=iife",
                    "--log-level=warning",
                ])
                .arg("--target=chrome111,firefox113,safari16.4")
                .arg("--legal-comments=inline")
                .arg(format!("--outfile={}", out.display()))
                .run()
        })
    }

    /// Fonts and the icon, as they are.
    fn files(&self) -> Result<()> {
        let modules = self.root.join("web/node_modules/@fontsource-variable");
        let copies = [
            (
                modules.join("inter/files/inter-latin-wght-normal.woff2"),
                "fonts/inter.woff2",
            ),
            (
                modules
                    .join("jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2"),
                "fonts/mono.woff2",
            ),
            (self.root.join("web/mark.svg"), "mark.svg"),
        ];
        for (from, to) in copies {
            let to = self.pkg.join(to);
            self.stamps.step(
                &format!("copy {}", to.display()),
                std::slice::from_ref(&from),
                &[&to],
                || {
                    fs::copy(&from, &to)
                        .map(drop)
                        .with_context(|| format!("cannot copy {}", from.display()))
                },
            )?;
        }
        Ok(())
    }

    fn wasm(&self, wasm: &Path) -> Result<()> {
        let out = self.pkg.join("sluice_bg.wasm");
        let inputs = [
            wasm.to_owned(),
            self.root.join("Cargo.lock"),
            self.root.join("web/package-lock.json"),
        ];
        self.stamps.step(
            "wasm",
            &inputs,
            &[&out, &self.pkg.join("sluice.js")],
            || {
                wasm::bind(wasm, &self.pkg)?;
                wasm::shrink(&self.root.join("web"), &out)
            },
        )
    }

    /// Lays a Brotli copy beside each text and binary; fonts already are.
    fn compress(&self) -> Result<()> {
        let script = self.root.join("web/brotli.mjs");
        for name in [
            "sluice.css",
            "echarts.js",
            "mark.svg",
            "sluice.js",
            "sluice_bg.wasm",
        ] {
            let from = self.pkg.join(name);
            if !from.exists() {
                continue;
            }
            let to = self.pkg.join(format!("{name}.br"));
            self.stamps.step(
                &format!("brotli {name}"),
                std::slice::from_ref(&from),
                &[&to],
                || {
                    tool::Tool::new("node")
                        .arg(&script)
                        .arg(&from)
                        .arg(&to)
                        .run()
                },
            )?;
        }
        Ok(())
    }
}
