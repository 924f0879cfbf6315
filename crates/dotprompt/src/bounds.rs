//! The limits of files, arguments and renderings. Errors name the limit that is exceeded.

/// Size of a file in bytes.
pub const SOURCE: u64 = 256 * 1024;
/// Tags of one file, `{{…}}`.
pub(super) const TAGS: usize = 5_000;
/// Depth of nested blocks, and of sub-expressions in a tag. The expression parser recurses.
pub(super) const BLOCK_DEPTH: usize = 64;
/// Names and values of one tag.
pub(super) const TAG_WORDS: usize = 200;
/// Names and values of all tags of one file.
pub(super) const FILE_WORDS: usize = 30_000;
/// Reported problems of one template, and of each level in front matter.
pub const PROBLEMS: usize = 100;
/// Depth of partials that call partials.
pub(super) const PARTIAL_DEPTH: usize = 16;
/// Partials of one prompt, including those of its partials.
pub const PARTIALS: usize = 100;

/// Steps to find the variables of a prompt: a tag, a value, or a part of a variable at each call of a partial that uses it.
pub(super) const USE_STEPS: usize = 200_000;
/// Depth of the fields and items of a variable.
pub(super) const SHAPE_DEPTH: usize = 32;
/// Values that one variable is compared with; further values are ignored.
pub(super) const COMPARED_VALUES: usize = 200;

/// Arguments of one call.
pub const ARGUMENTS: usize = 200;
/// Size of one argument in bytes.
pub const ARGUMENT: usize = 256 * 1024;
/// Size of one argument in bytes if the schema of the prompt has patterns.
pub(super) const PATTERNED_BYTES: usize = 16 * 1024;
/// Size of all arguments of a call in bytes.
pub const ALL_ARGUMENTS: usize = 1024 * 1024;

/// Values of one front matter, including the copies of aliases.
pub(super) const YAML_VALUES: usize = 10_000;
/// Depth of its lists and maps. The parser recurses, and a debug build needs 40 KB of stack for a level.
pub(super) const YAML_DEPTH: usize = 32;
/// Size of all its text in bytes, including the copies of aliases.
pub(super) const YAML_BYTES: usize = 1024 * 1024;
/// Choices of all arguments of a prompt. References can give the same long list to many arguments.
pub(super) const CHOICES: usize = 20_000;
/// Schemas that are read to find the type of one argument.
pub(super) const FOLLOWED_SCHEMAS: usize = 100;

/// Different references of a JSON Schema. The compiler recurses.
pub(super) const REFERENCES: usize = 200;
/// Depth of references and combinations such as `anyOf` for one value.
pub(super) const SCHEMA_DEPTH: usize = 64;
/// Schemas that apply to one value, including the targets of references.
pub(super) const SCHEMAS_PER_VALUE: usize = 2_000;
/// Size of a compiled pattern of a schema in bytes.
pub(super) const PATTERN_BYTES: usize = 256 * 1024;
/// Patterns of a schema.
pub(super) const PATTERNS: usize = 50;
/// Schemas that are applied to the arguments of a call and to their parts.
pub(super) const CHECK_STEPS: usize = 300_000;
/// Depth of schemas that are applied to parts. The check recurses.
pub(super) const CHECK_DEPTH: usize = 500;

/// Size of the text of one rendering in bytes.
pub const OUTPUT: usize = 4 * 1024 * 1024;
/// Iterations of all loops of one rendering.
pub(super) const ITERATIONS: usize = 100_000;
/// Steps of one rendering: a tag, an iteration of a loop, or ten bytes that a helper writes or compares.
pub(super) const RENDER_STEPS: usize = 1_000_000;

/// Depth of nested blocks and partials in a rendering. The renderer recurses.
pub(super) const RENDER_DEPTH: usize = 200;
/// Roles, sections and media of one rendering.
pub(super) const MARKS: usize = 1_000;

/// Size in bytes of a picture or another file that a prompt shows.
pub const MEDIA: u64 = 3 * 1024 * 1024;
/// Pictures and other media parts of one rendering.
pub const MEDIA_PARTS: usize = 20;
/// Size of the answer as JSON in bytes. The limit of Lambda is 6 MB.
pub const ANSWER: usize = 5_500_000;
