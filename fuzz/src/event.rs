//! An event as the Lambda function gets it.

/// To be written with the function's guard.
pub fn run(_: &[u8]) {}
