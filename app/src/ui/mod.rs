//! Components that know nothing of streams: what could live in any library.
//!
//! None of them fetches, navigates or reads the clock; what they show comes in
//! as properties. Each has its CSS in `style/components`, under the same name.

#[cfg_attr(feature = "hydrate", path = "browser.rs")]
#[cfg_attr(not(feature = "hydrate"), path = "no_browser.rs")]
mod browser;
mod button;
mod callout;
mod card;
mod chart;
mod chip;
mod code;
mod facts;
mod field;
mod frame;
mod gallery;
mod icon;
mod number;
mod progress;
mod sparkline;
mod states;
mod steps;
mod table;
mod tabs;
mod time;
mod timeline;
mod tone;
mod two_lines;

// By glob, since each component comes with a type for its properties.
pub use button::*;
pub use callout::*;
pub use card::*;
pub use chart::*;
pub use chip::*;
pub use code::*;
pub use facts::*;
pub use field::*;
pub use frame::*;
pub use gallery::*;
pub use icon::*;
pub use number::*;
pub use progress::*;
pub use sparkline::*;
pub use states::*;
pub use steps::*;
pub use table::*;
pub use tabs::*;
pub use time::*;
pub use timeline::*;
pub use tone::*;
pub use two_lines::*;
