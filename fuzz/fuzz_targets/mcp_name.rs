//! The header `Mcp-Name`, beside the name in the body.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| prompt_gallery_fuzz::mcp_name::run(input));
