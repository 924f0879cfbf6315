//! The seeds of the fuzz targets, through the same functions, without a fuzzer: `fuzz/run` searches for more.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, unexpected_cfgs, unreachable_pub, reason = "a crate of its own, of which the fuzzer uses the rest")]
mod fuzz;

use std::fs;
use std::path::Path;

use fuzz::{TARGETS, Target};

/// Runs a target over its seeds.
fn replay(name: &str, target: Target) {
    let folder = Path::new("fuzz/seeds").join(name);
    let mut seeds = 0;
    for seed in fs::read_dir(&folder).expect("a folder of seeds") {
        let path = seed.expect("a seed").path();
        println!("{}", path.display());
        target(&fs::read(&path).expect("a seed"));
        seeds += 1;
    }
    assert!(seeds > 0, "{} has no seeds", folder.display());
}

macro_rules! replayed {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let target = TARGETS.iter().find(|(name, _)| *name == stringify!($name)).expect("a target");
            replay(target.0, target.1);
        })*

        #[test]
        fn every_target_is_replayed_and_has_its_file() {
            let replayed = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|(name, _)| name), replayed);
            for name in replayed {
                assert!(Path::new("fuzz/fuzz_targets").join(name).with_extension("rs").is_file(), "{name}");
            }
        }
    };
}

replayed!(front_matter template picoschema http_request event cursor mcp_name token jwks s3_listing);
