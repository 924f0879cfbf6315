//! How much a prompt may be and do. Authors and callers meet these bounds as errors that name them.

/// A file, in bytes.
pub const SOURCE: u64 = 256 * 1024;
/// Tags of one file, `{{…}}`.
pub(super) const TAGS: usize = 5_000;
/// How deep blocks nest, and sub-expressions within a tag. The expression parser recurses.
pub(super) const BLOCK_DEPTH: usize = 64;
/// Names and values of one tag.
pub(super) const TAG_WORDS: usize = 200;
/// Names and values of all tags of one file.
pub(super) const FILE_WORDS: usize = 30_000;
/// Reported problems of one template, and of one level in front matter: a broken file may have thousands.
pub const PROBLEMS: usize = 100;
/// How deep partials call partials.
pub(super) const PARTIAL_DEPTH: usize = 16;
/// Partials that one prompt uses, those of its partials included.
pub const PARTIALS: usize = 100;

/// Steps to find the variables of a prompt: a tag, a value, or a part of a variable at each call of the partial that uses it.
pub(super) const USE_STEPS: usize = 200_000;
/// How deep the fields and items that a template reads of a variable are followed.
pub(super) const SHAPE_DEPTH: usize = 32;
/// Values that one variable is compared with, as far as they are kept.
pub(super) const COMPARED_VALUES: usize = 200;

/// Arguments of one call.
pub const ARGUMENTS: usize = 200;
/// One argument, in bytes.
pub const ARGUMENT: usize = 256 * 1024;
/// One argument of a prompt whose schema has patterns, in bytes.
pub(super) const PATTERNED_BYTES: usize = 16 * 1024;
/// All arguments of a call, in bytes.
pub const ALL_ARGUMENTS: usize = 1024 * 1024;

/// Values of one front matter, those that aliases repeat included.
pub(super) const YAML_VALUES: usize = 10_000;
/// How deep its lists and maps nest: the parser recurses, with 40 KB of stack a level where nothing is optimised.
pub(super) const YAML_DEPTH: usize = 32;
/// The text of all its values, in bytes: an alias may repeat a long one.
pub(super) const YAML_BYTES: usize = 1024 * 1024;
/// The choices of all arguments of a prompt. By references, many arguments may have the same long list.
pub(super) const CHOICES: usize = 20_000;
/// Schemas that are looked at for the type of one argument.
pub(super) const FOLLOWED_SCHEMAS: usize = 100;

/// Different references of a JSON Schema. They are read by recursion.
pub(super) const REFERENCES: usize = 200;
/// How deep references and combinations such as `anyOf` nest for one value.
pub(super) const SCHEMA_DEPTH: usize = 64;
/// Schemas that apply to one value, with those that references lead to.
pub(super) const SCHEMAS_PER_VALUE: usize = 2_000;
/// A compiled pattern of a schema, in bytes.
pub(super) const PATTERN_BYTES: usize = 256 * 1024;
/// Patterns of a schema.
pub(super) const PATTERNS: usize = 50;
/// Schemas that are applied to the arguments of a call and to their parts.
pub(super) const CHECK_STEPS: usize = 300_000;
/// How deep those nest: checking recurses.
pub(super) const CHECK_DEPTH: usize = 500;

/// The text of one rendering, in bytes.
pub const OUTPUT: usize = 4 * 1024 * 1024;
/// Turns of all loops of one rendering.
pub(super) const ITERATIONS: usize = 100_000;
/// Steps of one rendering: a tag, a turn of a loop, or ten bytes that a helper makes or compares.
pub(super) const RENDER_STEPS: usize = 1_000_000;

/// How deep blocks and partials nest while they are rendered: a rendering recurses.
pub(super) const RENDER_DEPTH: usize = 200;
/// Roles, sections and media of one rendering.
pub(super) const MARKS: usize = 1_000;

/// A picture or another file that a prompt shows, in bytes.
pub const MEDIA: u64 = 3 * 1024 * 1024;
/// Pictures and other parts of one rendering.
pub const MEDIA_PARTS: usize = 20;
/// The answer as JSON, in bytes. Lambda takes 6 MB.
pub const ANSWER: usize = 5_500_000;
