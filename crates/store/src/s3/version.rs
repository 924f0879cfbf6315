//! The version of an object: the marks by which a listing and the answer to a read are compared.
//!
//! The usual mark is the `ETag`. It may be missing, or stay the same when the content changes, so the time of the last
//! modification and the size are part of each version too.

use std::fmt::LowerHex;

use aws_sdk_s3::primitives::DateTime;
use uuid::Uuid;

/// S3's times have whole seconds. An object that was modified this shortly before the listing may change and keep its time.
const RECENT_MILLIS: i64 = 2000;

/// What an answer says about the version of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    pub(super) etag: Option<String>,
    pub(super) modified: Option<DateTime>,
    pub(super) size: Option<u64>,
}

impl Marks {
    /// The `ETag` without quotes and without the mark of a weak one; `None` if it is missing or empty.
    fn etag(&self) -> Option<&str> {
        self.etag.as_deref().map(opaque).filter(|etag| !etag.is_empty())
    }

    fn modified_millis(&self) -> Option<i64> {
        self.modified.and_then(|modified| modified.to_millis().ok())
    }

    /// Whether versions cannot be told apart.
    pub(super) fn are_missing(&self) -> bool {
        self.etag().is_none() && self.modified.is_none()
    }

    /// The version of a listing or a read that was answered at `now`. `trusts_etags` is false once `ETag`s have stayed the same
    /// for different contents.
    ///
    /// The first line is for people: the `ETag` if there is one. The second line has time and size, after a `~` if the `ETag`
    /// alone does not suffice. A third line with `?` differs each time: the object may change and keep the other marks.
    pub(super) fn version(&self, now: DateTime, trusts_etags: bool) -> String {
        let etag = self.etag();
        let modified = self.modified_millis();
        if let Some(etag) = etag.filter(|etag| trusts_etags && is_content_hash(etag)) {
            // Headers have whole seconds, and the version must be the same in a listing and in the answer to a read.
            let seconds = modified.map(|millis| millis.div_euclid(1000) * 1000);
            return match (seconds, self.size) {
                // One allocation for each of many objects.
                (Some(seconds), Some(size)) => format!("\"{etag}\"\n{seconds:x}-{size:x}"),
                (seconds, size) => format!("\"{etag}\"\n{}-{}", hex(seconds), hex(size)),
            };
        }
        let size = hex(self.size);
        let time = hex(modified);
        let shown = etag.map_or_else(|| format!("{time}-{size}"), |etag| format!("\"{etag}\""));
        let version = format!("{shown}\n~{time}-{size}");
        let is_certain = match modified {
            Some(modified) => now.to_millis().is_ok_and(|now| modified < now - RECENT_MILLIS),
            None => etag.is_some() && trusts_etags,
        };
        if is_certain { version } else { format!("{version}\n?{}", Uuid::new_v4().simple()) }
    }

    /// The marks in a version, and whether its `ETag` alone suffices.
    pub(super) fn of_version(version: &str) -> (Self, bool) {
        let mut lines = version.lines();
        let etag = lines.next().filter(|line| line.starts_with('"')).map(str::to_owned);
        let line = lines.next().unwrap_or_default();
        let (time, size) = line.trim_start_matches('~').rsplit_once('-').unwrap_or_default();
        let marks = Self {
            etag,
            modified: i64::from_str_radix(time, 16).ok().map(DateTime::from_millis),
            size: u64::from_str_radix(size, 16).ok(),
        };
        (marks, !line.starts_with('~'))
    }

    /// Whether an object that was listed in `version` is the one that was read.
    pub(super) fn compare(&self, version: &str) -> Comparison {
        let (listed, trusts_etag) = Self::of_version(version);
        let etags = listed.etag().zip(self.etag());
        if etags.is_some_and(|(listed, read)| listed != read) {
            return Comparison::Replaced;
        }
        let has_etag = trusts_etag && etags.is_some();
        let times = listed.modified_millis().zip(self.modified_millis());
        if !has_etag && times.is_some_and(|(listed, read)| (listed - read).abs() >= 1000) {
            return Comparison::Replaced;
        }
        match listed.size.zip(self.size) {
            Some((listed, read)) if listed != read && has_etag => Comparison::WrongSize { listed, read },
            Some((listed, read)) if listed != read => Comparison::Replaced,
            _ => Comparison::Same,
        }
    }
}

/// How an object that was read compares with the listed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    /// The store has another version of the object now.
    Replaced,
    /// The version is the same and the size differs: the answer is not whole.
    WrongSize {
        listed: u64,
        read: u64,
    },
}

fn hex(number: Option<impl LowerHex>) -> String {
    number.map(|number| format!("{number:x}")).unwrap_or_default()
}

/// `W/"x"`, `"x"` and `x` are the same.
fn opaque(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

/// Whether an `ETag` looks like S3's: an MD5 sum, perhaps with a number of parts. Others may stay when the content changes.
fn is_content_hash(etag: &str) -> bool {
    let (sum, parts) = etag.split_once('-').unwrap_or((etag, "1"));
    let is_hex = sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && !parts.is_empty() && parts.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::DateTime;

    use super::{Comparison, Marks};

    const SUM: &str = "\"5d41402abc4b2a76b9719d911017c592\"";
    const OTHER_SUM: &str = "\"7d793037a0760186574b0282f2f435e7\"";

    fn marks(etag: Option<&str>, modified: Option<i64>, size: u64) -> Marks {
        let modified = modified.map(DateTime::from_millis);
        Marks { etag: etag.map(str::to_owned), modified, size: Some(size) }
    }

    fn version(etag: Option<&str>, modified: Option<i64>, size: u64) -> String {
        marks(etag, modified, size).version(DateTime::from_secs(100), true)
    }

    #[test]
    fn a_version_changes_with_each_mark() {
        let one = version(Some(SUM), Some(1000), 5);
        assert_eq!(one, version(Some(SUM), Some(1678), 5), "a header has whole seconds");
        assert_eq!(one, version(Some(SUM.trim_matches('"')), Some(1000), 5), "quotes make no difference");
        assert_eq!(one.lines().next(), Some(SUM));
        for other in [
            version(Some(OTHER_SUM), Some(1000), 5),
            version(Some(SUM), Some(2000), 5),
            version(Some(SUM), Some(1000), 6),
        ] {
            assert_ne!(one, other);
        }
        let without_etag = version(None, Some(1000), 5);
        assert_eq!(without_etag, version(Some(""), Some(1000), 5));
        assert_eq!(without_etag, version(Some("\"\""), Some(1000), 5));
        assert_ne!(without_etag, version(None, Some(1001), 5));
    }

    #[test]
    fn a_version_that_says_too_little_is_another_each_time() {
        let twice = |etag, modified| [version(etag, modified, 5), version(etag, modified, 5)];
        for [one, two] in [twice(None, None), twice(None, Some(99_500)), twice(Some("\"same\""), Some(99_500))] {
            assert_ne!(one, two);
            assert_eq!(one.split("\n?").next(), two.split("\n?").next());
        }
        for [one, two] in [twice(Some(SUM), None), twice(Some("\"odd\""), None), twice(Some("\"odd\""), Some(9000))] {
            assert_eq!(one, two);
        }
    }

    #[test]
    fn a_read_object_is_compared_with_the_listed_one() {
        let listed = version(Some(SUM), Some(1678), 5);
        let compare = |marks: Marks| marks.compare(&listed);
        assert_eq!(compare(marks(Some(SUM), Some(1000), 5)), Comparison::Same);
        assert_eq!(compare(marks(Some(SUM), None, 5)), Comparison::Same);
        assert_eq!(compare(marks(Some(OTHER_SUM), Some(1000), 5)), Comparison::Replaced);
        assert_eq!(compare(marks(Some(SUM), Some(1000), 3)), Comparison::WrongSize { listed: 5, read: 3 });
        assert_eq!(compare(marks(None, Some(9000), 5)), Comparison::Replaced);
        let listed = version(None, Some(1678), 5);
        let compare = |marks: Marks| marks.compare(&listed);
        assert_eq!(compare(marks(None, Some(1000), 5)), Comparison::Same);
        assert_eq!(compare(marks(Some(SUM), Some(2000), 5)), Comparison::Same, "rounded up");
        assert_eq!(compare(marks(None, Some(3000), 5)), Comparison::Replaced);
        assert_eq!(compare(marks(None, Some(1000), 3)), Comparison::Replaced);
        assert_eq!(marks(Some(SUM), Some(5), 5).compare("\"0\""), Comparison::Replaced);
        assert_eq!(marks(Some(SUM), Some(5), 5).compare(""), Comparison::Same, "any version will do");
    }
}
