//! The server: everything between the pages and the world.

pub mod clock;
pub mod config;
pub mod store;
