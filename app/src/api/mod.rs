//! The server functions: unpack, one call on the [`Backend`](crate::backend),
//! map the error. No decision is made here.

pub mod act;
mod client;
mod error;
pub mod read;

pub use client::SluiceClient;
pub use error::AppError;

#[cfg(feature = "ssr")]
mod context;
#[cfg(feature = "ssr")]
pub use context::frame_of;
