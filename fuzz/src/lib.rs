//! The fuzz targets: each takes any bytes, and panics where something does not hold that must.
//!
//! `fuzz/run` searches for such bytes, and `tests/seeds.rs` of the gallery replays the seeds without a fuzzer.

pub mod cursor;
pub mod event;
pub mod http_request;
pub mod jwks;
pub mod mcp_name;
pub mod prompt;
pub mod s3_listing;
mod service;
pub mod token;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// All targets by the names of their files, which are also those of the folders of their seeds.
pub const TARGETS: [(&str, Target); 10] = [
    ("front_matter", prompt::front_matter),
    ("template", prompt::template),
    ("picoschema", prompt::picoschema),
    ("http_request", http_request::run),
    ("event", event::run),
    ("cursor", cursor::run),
    ("mcp_name", mcp_name::run),
    ("token", token::run),
    ("jwks", jwks::run),
    ("s3_listing", s3_listing::run),
];
