//! "Did you mean …?"

/// The candidate that is most similar to `name`, regardless of case; `None` if no candidate is similar.
///
/// Of several similar candidates, the one with the fewest edits is returned. Similarity alone prefers a common beginning,
/// so that it would return `propertyNames` for `property`.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A long name is not a typing error, and the time for the distance grows with the product of both lengths.
    const MAX_NAME_BYTES: usize = 64;
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let lower = name.to_lowercase();
    candidates
        .filter(|candidate| candidate.len() <= MAX_NAME_BYTES)
        .filter_map(|candidate| {
            let known = candidate.to_lowercase();
            let similarity = strsim::jaro_winkler(&lower, &known);
            (similarity >= 0.85).then(|| (strsim::osa_distance(&lower, &known), similarity, candidate))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(.., candidate)| candidate)
}

/// The question that suggests a name.
#[must_use]
pub fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn upper_and_lower_case_are_close() {
        let known = ["review", "Translate"];
        for (name, expected) in [
            ("reviwe", Some("review")),
            ("REVIEW", Some("review")),
            ("translate", Some("Translate")),
            ("nothing", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
    }

    #[test]
    fn the_fewest_edits_win_over_a_common_beginning() {
        let known = [
            "additionalProperties",
            "contains",
            "dependentRequired",
            "description",
            "enum",
            "examples",
            "items",
            "maxItems",
            "maxLength",
            "maximum",
            "minItems",
            "minLength",
            "minimum",
            "pattern",
            "patternProperties",
            "prefixItems",
            "properties",
            "propertyNames",
            "required",
            "unevaluatedItems",
            "uniqueItems",
        ];
        for (name, expected) in [
            ("property", "properties"),
            ("propertie", "properties"),
            ("propertyname", "propertyNames"),
            ("additionalProperty", "additionalProperties"),
            ("patternProperty", "patternProperties"),
            ("patterns", "pattern"),
            ("item", "items"),
            ("minItem", "minItems"),
            ("requires", "required"),
            ("require", "required"),
            ("discription", "description"),
            ("example", "examples"),
            ("enums", "enum"),
            ("contain", "contains"),
            ("maxlen", "maxLength"),
        ] {
            assert_eq!(nearest(name, known.into_iter()), Some(expected), "{name}");
        }
    }
}
