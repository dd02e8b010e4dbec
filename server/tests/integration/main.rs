//! The server over HTTP, with the sandbox's identity provider.

mod access;
mod command_line;
mod headers;
mod sessions;
mod sign_in;
mod site;
