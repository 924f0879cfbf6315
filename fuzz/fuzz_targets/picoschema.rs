//! Picoschema or JSON Schema as `input.schema`, and values that a caller gives for it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prompt_gallery_fuzz::Case;

fuzz_target!(|input: &[u8]| {
    let mut case = Case::read(input);
    case.file = schema_file(&case.file);
    case.run();
});

/// The file whose input takes `schema`, on one line or below.
fn schema_file(schema: &[u8]) -> Vec<u8> {
    let mut file = b"---\ninput:\n  schema:".to_vec();
    let is_block = schema.contains(&b'\n') || !schema.starts_with(b"{");
    for line in schema.split(|byte| *byte == b'\n') {
        file.extend_from_slice(if is_block { b"\n    " } else { b" " });
        file.extend_from_slice(line);
    }
    file.extend_from_slice(b"\n---\n{{json @root}}{{#each this}}{{@key}}={{this}};{{/each}}");
    file
}
