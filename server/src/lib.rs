//! The server: everything between the pages and the world.

pub mod auth;
pub mod aws;
pub mod backend;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod executor;
mod failpoint;
pub mod http;
pub mod kafka;
pub mod live;
pub mod observe;
pub mod probe;
pub mod runs;
pub mod security;
pub mod store;
pub mod telemetry;
