//! YAML between two fences, and a template that says what it finds of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prompt_gallery_fuzz::Case;

fuzz_target!(|input: &[u8]| {
    let mut case = Case::read(input);
    case.file = [b"---\n", case.file.as_slice(), b"\n---\n{{json @metadata}}{{json @root}}"].concat();
    case.run();
});
