//! "Did you mean …?"

/// The candidate that `name` was probably meant to be, in upper or lower case, if any is close.
///
/// Of those that are similar the one with the fewest edits: similarity alone prefers a candidate that `name` begins, so
/// that `property` would be `propertyNames`.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Names are short; a long one is no typing error, and the distance costs the product of both lengths.
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
