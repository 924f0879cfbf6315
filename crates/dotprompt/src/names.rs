//! The names of prompts and partials, from the keys of their files.

use std::collections::HashSet;

use deunicode::deunicode_char;
use icu_normalizer::ComposingNormalizerBorrowed;
use sha2::{Digest, Sha256};

/// The extensions of prompts and partials. Of two files with the same name, the first extension wins.
pub const EXTENSIONS: [&str; 3] = [".prompt", ".hbs", ".handlebars"];
/// The longest name of a prompt.
pub const MAX_LENGTH: usize = 64;
/// Hexadecimal digits after a name that is too long or not unique.
const SUFFIX_DIGITS: usize = 6;

/// The prompt or the partial of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A prompt and the name that its file claims.
    Prompt(String),
    /// A partial and its name in templates: `folder/_name.prompt` is `folder/name`.
    Partial(String),
}

impl Named {
    /// The prompt or the partial of `key`; `None` for hidden files, hidden folders and other files.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        prompt_name(key).map(Self::Prompt).or_else(|| partial_name(key).map(Self::Partial))
    }
}

/// Whether `key` is the key of a prompt or a partial, or is hidden.
pub fn is_gallery_file(key: &str) -> bool {
    let has_extension = || EXTENSIONS.iter().any(|extension| key.ends_with(extension));
    key.split('/').any(|part| part.is_empty() || part.starts_with('.')) || has_extension()
}

/// The path without its extension, and the index of the extension.
fn split_extension(key: &str) -> Option<(&str, usize)> {
    let at = EXTENSIONS.iter().position(|extension| key.ends_with(extension))?;
    Some((&key[..key.len() - EXTENSIONS[at].len()], at))
}

/// `folder/_name.prompt` is `folder/name`.
fn partial_name(key: &str) -> Option<String> {
    let (path, _) = split_extension(key)?;
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let name = file.strip_prefix('_').filter(|name| !name.is_empty() && !is_hidden(path))?;
    Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

/// The name that the prompt of `key` claims; `None` for partials, hidden files, hidden folders and other files. If several
/// files claim the same name, the first one keeps it, and the others get a suffix.
///
/// The path is transliterated to ASCII; `/` becomes `_`, any other character outside of `A-Za-z0-9_-` becomes `-`, and
/// `name.variant.prompt` is `name--variant`. A name of more than 64 characters is cut, with six digits of the key's
/// SHA-256.
#[must_use]
pub fn prompt_name(key: &str) -> Option<String> {
    let name = whole_name(key)?;
    Some(if name.len() > MAX_LENGTH { with_suffix(&name, key, 0) } else { name })
}

/// Whether the name is cut to [`MAX_LENGTH`].
pub fn is_cut(key: &str) -> bool {
    whole_name(key).is_some_and(|name| name.len() > MAX_LENGTH)
}

/// The name before it is cut.
fn whole_name(key: &str) -> Option<String> {
    let (path, _) = split_extension(key)?;
    let (folder, file) = path.rsplit_once('/').map_or((None, path), |(folder, file)| (Some(folder), file));
    if file.is_empty() || file.starts_with('_') || is_hidden(path) {
        return None;
    }
    let mut name = String::with_capacity(path.len() + 1);
    if let Some(folder) = folder {
        push_plain(&mut name, folder);
        name.push('_');
    }
    match file.split_once('.').filter(|(_, variant)| !variant.is_empty()) {
        Some((base, variant)) => {
            push_plain(&mut name, base);
            name.push_str("--");
            push_plain(&mut name, variant);
        }
        None => push_plain(&mut name, file),
    }
    Some(name)
}

/// Adds a part of a path to a name.
fn push_plain(name: &mut String, part: &str) {
    if part.is_ascii() {
        return name.extend(part.chars().map(|c| if c == '/' { '_' } else { plain(c) }));
    }
    let before = name.len();
    let mut is_between_words = false;
    // File systems store letters with accents in two ways.
    for c in ComposingNormalizerBorrowed::new_nfc().normalize_iter(part.chars()) {
        if c.is_ascii() {
            is_between_words = false;
            name.push(if c == '/' { '_' } else { plain(c) });
            continue;
        }
        let text = deunicode_char(c).unwrap_or("-");
        // A syllable or a word such as `Dai `.
        let word = text.strip_suffix(' ').filter(|word| !word.is_empty());
        for c in word.unwrap_or(text).chars().map(plain) {
            if is_between_words && c != '-' {
                name.push('-');
            }
            is_between_words = false;
            name.push(c);
        }
        is_between_words |= word.is_some();
    }
    if name.len() == before {
        name.push('-');
    }
}

/// The name, cut if it is too long, with six digits of the key's SHA-256. `round` changes the digits if they are taken.
fn with_suffix(name: &str, key: &str, round: usize) -> String {
    let digest = match round {
        0 => Sha256::digest(key),
        _ => Sha256::digest(format!("{key}\0{round}")),
    };
    let digits: String = digest.iter().take(SUFFIX_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digits}", &name[..name.len().min(MAX_LENGTH - SUFFIX_DIGITS - 1)])
}

/// A prompt with a unique name.
#[derive(Debug, PartialEq, Eq)]
pub struct Distinct {
    pub name: String,
    /// The index of its key.
    pub key: usize,
    /// The index of the key that won the claimed name, if the prompt lost it.
    pub holder: Option<usize>,
}

/// Gives each prompt a unique name. `claims` has the claimed names and the indexes of the keys. The result is sorted by
/// name, and does not depend on the order of the keys.
///
/// The name goes to the path that is exactly the name, else to one of allowed characters, else to the first extension,
/// else to the first key; the others get a suffix.
pub fn distinct<'k>(mut claims: Vec<(String, usize)>, key: impl Fn(usize) -> &'k str) -> Vec<Distinct> {
    claims.sort_unstable_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| {
            let [one, other] = [one, other].map(|index| key(*index));
            rank(a, one).cmp(&rank(b, other)).then_with(|| one.cmp(other))
        })
    });
    let mut all: Vec<Distinct> = Vec::with_capacity(claims.len());
    let mut losers: Vec<Distinct> = Vec::new();
    for (name, key) in claims {
        match all.last().filter(|holder| holder.name == name) {
            Some(holder) => losers.push(Distinct { name, key, holder: Some(holder.key) }),
            None => all.push(Distinct { name, key, holder: None }),
        }
    }
    if losers.is_empty() {
        return all;
    }
    losers.sort_unstable_by_key(|loser| key(loser.key));
    let mut suffixed = HashSet::new();
    for loser in &mut losers {
        let is_free = |name: &String| all.binary_search_by(|other| other.name.cmp(name)).is_err();
        let names = (0..).map(|round| with_suffix(&loser.name, key(loser.key), round));
        let name = { names }.find(|name| is_free(name) && !suffixed.contains(name)).expect("there is no last round");
        suffixed.insert(name.clone());
        loser.name = name;
    }
    all.append(&mut losers);
    all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The rank of a key's claim to a name; the smallest wins.
fn rank(name: &str, key: &str) -> (u8, usize) {
    let Some((path, extension)) = split_extension(key) else { return (u8::MAX, 0) };
    let is_allowed = || {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let is_name = |text: &str| text.chars().all(is_name_char);
        // The first dot separates the variant.
        folder.split('/').all(is_name) && is_name(&file.replacen('.', "", 1))
    };
    let by_path = if path == name {
        0
    } else if is_allowed() {
        1
    } else {
        2
    };
    (by_path, extension)
}

/// Whether `key` wins over `other`, of two files with the same partial: the first extension wins.
pub fn partial_comes_first(key: &str, other: &str) -> bool {
    let extension = |key| split_extension(key).map(|(_, extension)| extension);
    extension(key) < extension(other)
}

/// The likely keys of a name: `a_name` is in the folder `a`, and `name--b` is the variant `b`.
pub fn likely_keys(name: &str) -> [String; 2] {
    let path = name.replacen('_', "/", 1).replacen("--", ".", 1);
    [".prompt", ".hbs"].map(|extension| format!("{path}{extension}"))
}

fn plain(c: char) -> char {
    if is_name_char(c) { c } else { '-' }
}

/// Whether a name is valid for a prompt.
pub fn is_name(name: &str) -> bool {
    (1..=MAX_LENGTH).contains(&name.len()) && name.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The names of files, in the order of the names.
    fn names<'k>(keys: &[&'k str]) -> Vec<(String, &'k str)> {
        let claims = keys.iter().enumerate().filter_map(|(index, key)| Some((prompt_name(key)?, index)));
        let distinct = distinct(claims.collect(), |index| keys[index]);
        distinct.into_iter().map(|Distinct { name, key, .. }| (name, keys[key])).collect()
    }

    #[test]
    fn a_likely_key_has_the_name() {
        for name in ["review", "team_code-review", "team_code-review--strict", "a_b_c"] {
            for key in likely_keys(name) {
                assert_eq!(prompt_name(&key).as_deref(), Some(name), "{key}");
            }
        }
    }

    #[test]
    fn a_name_comes_from_the_path() {
        for (key, name) in [
            ("review.prompt", Some("review")),
            ("team/code-review.prompt", Some("team_code-review")),
            ("a/b/c.hbs", Some("a_b_c")),
            ("x.handlebars", Some("x")),
            ("review.strict.prompt", Some("review--strict")),
            ("review.strict.v2.prompt", Some("review--strict-v2")),
            ("v1.2/x.prompt", Some("v1-2_x")),
            ("team.prompt/x.prompt", Some("team-prompt_x")),
            ("x y/z.prompt", Some("x-y_z")),
            ("Review.prompt", Some("Review")),
            ("-x-.prompt", Some("-x-")),
            ("a..b.prompt", Some("a---b")),
            ("a..prompt", Some("a-")),
            ("_partial.prompt", None),
            ("team/_partial.prompt", None),
            ("_team/x.prompt", Some("_team_x")),
            (".hidden.prompt", None),
            (".git/x.prompt", None),
            (".prompt", None),
            ("x.PROMPT", None),
            ("x.txt", None),
            ("prompt", None),
            ("", None),
        ] {
            assert_eq!(prompt_name(key).as_deref(), name, "{key}");
        }
    }

    /// Another version of the crate may rename prompts: that must not go unseen.
    #[test]
    fn a_name_is_transliterated() {
        for (path, name) in [
            ("代码审查", "Dai-Ma-Shen-Cha"),
            ("单元测试", "Dan-Yuan-Ce-Shi"),
            ("团队/代码 审查.严格", "Tuan-Dui_Dai-Ma-Shen-Cha--Yan-Ge"),
            ("コードレビュー", "kodorebiyu"),
            ("げんまい茶", "genmaiCha"),
            ("코드 리뷰", "kodeu-ribyu"),
            ("grüße", "grusse"),
            ("Größe & Co", "Grosse---Co"),
            ("naïve café", "naive-cafe"),
            ("łódź-ñandú-þing", "lodz-nandu-thing"),
            ("Đà Nẵng", "Da-Nang"),
            ("İstanbul ılık", "Istanbul-ilik"),
            ("Обзор кода", "Obzor-koda"),
            ("Ελληνικά", "Ellenika"),
            ("مراجعة الكود", "mrj---lkwd"),
            ("בדיקת קוד", "bdyqt-qvd"),
            ("हिन्दी", "hindii"),
            ("ไทย", "aithy"),
            ("🚀 launch", "rocket-launch"),
            ("👩‍💻", "woman-computer"),
            ("a—b…c", "a--b---c"),
            // Nothing of what a character is written as divides folders or variants.
            ("½", "1-2"),
            ("ａ／ｂ．ｃ", "a-b-c"),
            // Unknown, invisible, and of no sound.
            ("\u{e000}", "-"),
            ("\u{200b}", "-"),
            ("ー", "-"),
            ("\u{202e}rtl", "rtl"),
        ] {
            assert_eq!(prompt_name(&format!("{path}.prompt")).as_deref(), Some(name), "{path}");
        }
    }

    #[test]
    fn a_name_does_not_depend_on_how_accents_are_composed() {
        for (composed, decomposed) in
            [("é", "e\u{301}"), ("が", "か\u{3099}"), ("코", "\u{110f}\u{1169}"), ("ё", "е\u{308}")]
        {
            let name = |path: &str| prompt_name(&format!("{path}.prompt"));
            assert_eq!(name(composed), name(decomposed), "{composed}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let [a, b] = ["a", "b"].map(|end| format!("{}{end}.prompt", "x".repeat(64)));
        let all = names(&[&a, &b]);
        assert!(all.iter().all(|(name, _)| name.len() == 64 && name.starts_with(&"x".repeat(57))), "{all:?}");
        assert_eq!(names(&[&b, &a]), all);
        let fits = "y".repeat(64);
        assert_eq!(prompt_name(&format!("{fits}.hbs")), Some(fits));
    }

    #[test]
    fn the_best_claim_keeps_the_name() {
        for (keys, holder) in [
            (&["a/b.prompt", "a_b.handlebars", "a_b.hbs"][..], "a_b.hbs"),
            (&["a.b.prompt", "a--b.handlebars"], "a--b.handlebars"),
            (&["ä.prompt", "a.handlebars"], "a.handlebars"),
            (&["ä/b.prompt", "a/b.hbs"], "a/b.hbs"),
            (&["a b.prompt", "a-b.hbs"], "a-b.hbs"),
            (&["v1.2/x.prompt", "v1-2/x.hbs"], "v1-2/x.hbs"),
            (&["a.handlebars", "a.hbs", "a.prompt"], "a.prompt"),
            (&["a.handlebars", "a.hbs"], "a.hbs"),
            (&["ä.hbs", "á.prompt"], "á.prompt"),
            (&["a b.prompt", "a&b.prompt"], "a b.prompt"),
        ] {
            let named = names(keys);
            let claimed = prompt_name(keys[0]).unwrap();
            assert_eq!(named.len(), keys.len());
            for (name, key) in named {
                let suffix = || Some(with_suffix(&claimed, key, 0)).as_deref() == Some(name.as_str());
                assert!(if key == holder { name == claimed } else { suffix() }, "{keys:?}: {key} is {name}");
            }
        }
        let all = names(&["grüße.prompt", "grusse.prompt"]);
        assert_eq!(all, [("grusse".to_owned(), "grusse.prompt"), ("grusse-237118".to_owned(), "grüße.prompt")]);
    }

    #[test]
    fn a_name_with_a_suffix_gives_way_to_a_file_of_that_name() {
        let taken = with_suffix("a", "a.hbs", 0);
        let file = format!("{taken}.prompt");
        let all = names(&["a.prompt", "a.hbs", &file]);
        assert!(all.contains(&(taken.clone(), &file)), "{all:?}");
        assert!(all.contains(&(with_suffix("a", "a.hbs", 1), "a.hbs")), "{all:?}");
    }

    proptest! {
        #[test]
        fn every_prompt_has_a_name_of_its_own_whatever_the_order(
            (keys, shuffled) in proptest::collection::btree_set(r"([aäáЖ一 ._-]|[ab]/){1,4}\.(prompt|hbs|handlebars)", 1..20)
                .prop_flat_map(|keys| {
                    let keys: Vec<String> = keys.into_iter().collect();
                    (Just(keys.clone()), Just(keys).prop_shuffle())
                })
        ) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let shuffled: Vec<&str> = shuffled.iter().map(String::as_str).collect();
            let all = names(&keys);
            prop_assert_eq!(&all, &names(&shuffled));
            prop_assert_eq!(all.len(), keys.iter().filter(|key| prompt_name(key).is_some()).count());
            prop_assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(all.iter().all(|(name, _)| is_name(name)));
        }
    }
}
