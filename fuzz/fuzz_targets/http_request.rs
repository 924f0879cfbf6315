//! What a client sends over one connection.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::http_request::run(input));
