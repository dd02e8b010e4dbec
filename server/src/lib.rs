//! The server: everything between the pages and the world.

pub mod auth;
pub mod clock;
pub mod config;
pub mod http;
pub mod security;
pub mod store;
pub mod telemetry;
