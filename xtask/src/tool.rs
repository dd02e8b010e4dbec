//! Running a program that is not ours.

use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

pub(crate) struct Tool(Command);

/// A program that an npm package brought.
pub(crate) fn node_bin(package_folder: &Path, name: &str) -> Tool {
    Tool::new(package_folder.join("node_modules/.bin").join(name))
}

impl Tool {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self(Command::new(program))
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(
        mut self,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn run(mut self) -> Result<()> {
        let name = self.0.get_program().to_string_lossy().into_owned();
        let status = self
            .0
            .status()
            .with_context(|| format!("cannot start {name}; run ./dev front"))?;
        ensure!(status.success(), "{name} ended with {status}");
        Ok(())
    }
}
