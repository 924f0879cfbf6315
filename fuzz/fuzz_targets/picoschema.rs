//! Picoschema or JSON Schema as `input.schema`, and values that a caller gives for it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::prompt::picoschema(input));
