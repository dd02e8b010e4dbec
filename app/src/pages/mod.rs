//! The pages: a page a file, and one for each stage of a Run.

mod compare;
mod plan;
mod run;
mod runs;
mod sign_off;
mod stream;
mod streams;

pub use compare::*;
pub use plan::*;
pub use run::*;
pub use runs::*;
pub use sign_off::*;
pub use stream::*;
pub use streams::*;
