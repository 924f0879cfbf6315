//! The answer of an S3 server to a request for a listing.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::s3_listing::run(input));
