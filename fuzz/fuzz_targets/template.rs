//! A prompt, its partials and what a caller says: a file from its bytes to its messages.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::prompt::template(input));
