//! The doors: one layer over every route.
//!
//! **Invariant:** a request is answered only if the access table has its route,
//! and a route that changes something only if it provably comes from a page of
//! ours.

pub mod access_table;
mod cross_site;
mod gate;
mod headers;

pub use access_table::{Access, CrossSite, Rule};
pub use gate::gate;
pub(crate) use gate::not_found;
pub use headers::{reload_socket, set_headers};

use domain::ids::Digest;

/// A random text of 256 bits, to be sent to a browser and compared later.
pub fn random_token() -> String {
    use base64::Engine as _;
    let bytes: [u8; 32] = rand::random();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Compares two secrets; the time it takes says nothing about where they differ.
pub fn same_secret(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    let (one, other) = (Digest::of(one.as_bytes()), Digest::of(other.as_bytes()));
    one.as_str()
        .as_bytes()
        .ct_eq(other.as_str().as_bytes())
        .into()
}
