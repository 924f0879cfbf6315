//! A bearer token: its header, and its claims below a good signature.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::token::run(input));
