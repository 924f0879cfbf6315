//! An event as the Lambda function gets it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::event::run(input));
