//! The HTTP side: one router, and what every request goes through.

mod assets;
pub mod client;
mod files;
mod health;
mod plain_page;
mod plan_files;
mod report_files;
mod request_log;
mod router;
mod serve;
mod state;

pub use plain_page::PlainPage;
pub use request_log::RequestId;
pub use router::{own_routes, page_routes, router};
pub use serve::{ServeError, serve};
pub use state::AppState;
