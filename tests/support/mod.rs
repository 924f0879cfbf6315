//! What the integration tests share.

pub mod s3;
