//! The variables that Lambda sets for its runtime, which panics if one is missing.

use http::Uri;

/// What is wrong with them, in one line that names them.
pub(crate) fn problem(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let names = ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"];
    let missing: Vec<_> = names.into_iter().filter(|name| env(name).is_none()).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        return Some(format!(
            "not set: {names}. AWS_LAMBDA_RUNTIME_API is set, so this program runs as a Lambda function, for which Lambda sets them"
        ));
    }
    let value = |name| env(name).unwrap_or_default();
    let wrong = |name, expected| Some(format!("{name}={}: expected {expected}", value(name)));
    if value("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").parse::<i32>().is_err() {
        return wrong("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "a number of megabytes");
    }
    let is_address = value("AWS_LAMBDA_RUNTIME_API").parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
    if is_address { None } else { wrong("AWS_LAMBDA_RUNTIME_API", "HOST:PORT, as Lambda sets it") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named_in_one_line() {
        let complete = [
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
            ("AWS_LAMBDA_FUNCTION_NAME", "gallery"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ];
        let of = |change: &str, to: Option<&str>| {
            problem(|name| {
                let value = complete.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
                if name == change { to } else { value }.map(str::to_owned)
            })
        };
        assert_eq!(of("", None), None);
        for (name, _) in &complete[1..] {
            let problem = of(name, None).expect(name);
            assert!(problem.starts_with(&format!("not set: {name}. ")) && !problem.contains('\n'), "{problem}");
        }
        for (name, value) in [
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "lots"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ""),
            ("AWS_LAMBDA_RUNTIME_API", "/no host"),
            ("AWS_LAMBDA_RUNTIME_API", "/path"),
        ] {
            let problem = of(name, Some(value)).expect(name);
            assert!(problem.starts_with(&format!("{name}={value}: expected ")), "{problem}");
        }
        let all = problem(|name| (name == "AWS_LAMBDA_RUNTIME_API").then(|| "127.0.0.1:9001".to_owned())).expect("all");
        assert!(complete[1..].iter().all(|(name, _)| all.contains(name)), "{all}");
    }
}
