//! Leaving out a step whose inputs are unchanged.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// One digest a step, each in a file of its own.
pub(crate) struct Stamps {
    folder: PathBuf,
    /// Of this program: a step that was changed must run again.
    program: [u8; 32],
}

impl Stamps {
    pub(crate) fn open(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let program = Sha256::digest(read(&program)?).into();
        Ok(Self { folder, program })
    }

    /// Runs the step unless its outputs are there and were made from the same
    /// inputs. A step that fails leaves no stamp, so that it runs again.
    pub(crate) fn step(
        &self,
        name: &str,
        inputs: &[PathBuf],
        outputs: &[&Path],
        make: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let file = self.folder.join(hex::encode(Sha256::digest(name)));
        let stamp = self.digest(inputs)?;
        let made = outputs.iter().all(|path| path.exists());
        if made && fs::read_to_string(&file).is_ok_and(|old| old == stamp) {
            return Ok(());
        }
        let began = Instant::now();
        make().with_context(|| format!("{name} failed"))?;
        fs::write(&file, stamp)
            .with_context(|| format!("cannot write {}", file.display()))?;
        let label = Path::new(name).file_name().unwrap_or(name.as_ref());
        eprintln!(
            "   {} {:.1} s",
            label.to_string_lossy(),
            began.elapsed().as_secs_f64()
        );
        Ok(())
    }

    /// Over the name and the bytes of each file, and the program's own bytes.
    fn digest(&self, inputs: &[PathBuf]) -> Result<String> {
        let mut hash = Sha256::new_with_prefix(self.program);
        for path in inputs {
            let bytes = read(path)?;
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(&bytes);
        }
        Ok(hex::encode(hash.finalize()))
    }
}

/// Every file below a folder, in a fixed order.
pub(crate) fn files_under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(&next)
            .with_context(|| format!("cannot read {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
