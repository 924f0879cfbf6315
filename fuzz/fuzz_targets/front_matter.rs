//! YAML between two fences, and a template that says what it finds of it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::prompt::front_matter(input));
