//! What the integration tests share.

#![allow(unreachable_pub, reason = "a module of each test program")]

pub mod hosts;
pub mod s3;
