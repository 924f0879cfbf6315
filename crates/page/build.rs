//! Writes `files.rs`: the files of `web/dist` in their compressed forms. `web/build` makes that folder; compiling needs no Node.

use std::fmt::Write;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Cargo runs this in the folder of the crate. `env!` would be the folder of the checkout that compiled this, and two checkouts can share
/// what was compiled.
const DIST: &str = "../../web/dist";

fn main() {
    println!("cargo::rerun-if-changed={DIST}");
    let dist = fs::canonicalize(DIST).unwrap_or_else(|e| panic!("{DIST}: {e}; run web/build"));
    let assets = files(&dist.join("assets")).into_iter().map(|path| (format!("assets/{}", name(&path)), path));
    let pages = [("index.html".to_owned(), dist.join("index.html"))];
    let mut table = "pub(crate) static FILES: &[File] = &[\n".to_owned();
    for (name, path) in pages.into_iter().chain(assets) {
        let (br, gzip) = (with_ending(&path, "br"), with_ending(&path, "gz"));
        let (media_type, tag) = (media_type(&name), tag(&gzip));
        let _ = writeln!(
            table,
            "    File {{ name: {name:?}, media_type: {media_type:?}, tag: \"{tag:016x}\", br: include_bytes!({br:?}), \
             gzip: include_bytes!({gzip:?}) }},",
        );
    }
    let app = with_ending(&dist.join("app.html"), "gz");
    let _ = write!(table, "];\n\npub(crate) static APP_GZIP: &[u8] = include_bytes!({app:?});\n");
    #[expect(clippy::disallowed_methods, reason = "cargo passes settings to build scripts this way")]
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("files.rs"), table).expect("the build folder can be written");
}

/// The uncompressed files of a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}; run web/build", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_compressed = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "br" || ending == "gz");
    let mut paths: Vec<_> = paths.filter(|path| !is_compressed(path)).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    path.with_file_name(format!("{}.{ending}", name(path)))
}

/// What tells one version of a file from another.
fn tag(path: &Path) -> u64 {
    let content = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}; run web/build", path.display()));
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => panic!("web/dist/{name}: add the media type of this ending to crates/page/build.rs"),
    }
}
