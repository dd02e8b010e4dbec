//! `sluice doctor` as people and programs call it: the real binary on directories
//! and on the sandbox's S3.

mod bucket;
mod directory;
mod kafka;
mod recorded;
mod restarts;
mod schema;
mod sink;
mod tool;
