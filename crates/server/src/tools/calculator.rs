//! `add` and `multiply`: exact on 64-bit integers, and an example of how a tool is written.

use schemars::JsonSchema;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Annotations, Tool, ToolError};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Operands {
    /// The first integer.
    #[schemars(with = "i64")]
    a: Integer,
    /// The second integer.
    #[schemars(with = "i64")]
    b: Integer,
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    /// The exact result.
    result: i64,
}

/// Adds two integers.
#[must_use]
pub fn add() -> Tool {
    let description = "Adds two integers and returns their exact sum. Takes 64-bit integers (from \
        -9223372036854775808 to 9223372036854775807); a sum outside of that range is an error, never rounded.";
    Tool::new("add", description, |Operands { a, b }| async move { outcome(i128::from(a.0) + i128::from(b.0), "sum") })
        .title("Add")
        .annotations(Annotations::PURE)
}

/// Multiplies two integers.
#[must_use]
pub fn multiply() -> Tool {
    let description = "Multiplies two integers and returns their exact product. Takes 64-bit integers (from \
        -9223372036854775808 to 9223372036854775807); a product outside of that range is an error, never rounded.";
    Tool::new("multiply", description, |Operands { a, b }| async move {
        outcome(i128::from(a.0) * i128::from(b.0), "product")
    })
    .title("Multiply")
    .annotations(Annotations::PURE)
}

fn outcome(exact: i128, what: &str) -> Result<Outcome, ToolError> {
    let result = exact.try_into().map_err(|_| {
        ToolError::new(format!(
            "The {what} {exact} does not fit in a 64-bit integer ({} to {}). Use smaller numbers.",
            i64::MIN,
            i64::MAX
        ))
    })?;
    Ok(Outcome { result })
}

/// A JSON number whose value is an integer: `2`, `2.0` and `2e0` are the same.
struct Integer(i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read from the text: an f64 would lose digits beyond 2^53.
        let json = Box::<RawValue>::deserialize(deserializer)?;
        integer(json.get()).map(Self).map_err(D::Error::custom)
    }
}

fn integer(json: &str) -> Result<i64, String> {
    const MAX_SHOWN_CHARS: usize = 40;
    let refuse =
        |why: &str| Err(format!("expected {why}, got {}", json.chars().take(MAX_SHOWN_CHARS).collect::<String>()));
    if !json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return refuse("an integer, as a JSON number without quotes");
    }
    if let Ok(number) = json.parse() {
        return Ok(number);
    }
    let (mantissa, exponent) = json.split_once(['e', 'E']).unwrap_or((json, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    // The number is `significant` × 10^`zeros`.
    let significant = digits.trim_end_matches('0');
    if matches!(significant, "" | "-") {
        return Ok(0);
    }
    let zeros = exponent.parse::<i64>().ok().and_then(|exponent| {
        let shift = digits.len() as i64 - significant.len() as i64 - fraction.len() as i64;
        exponent.checked_add(shift)
    });
    if zeros.is_some_and(|zeros| zeros < 0) {
        return refuse("an integer");
    }
    let power = zeros.and_then(|zeros| 10_i64.checked_pow(zeros.try_into().ok()?));
    let number = significant.parse::<i64>().ok().zip(power).and_then(|(number, power)| number.checked_mul(power));
    number.map_or_else(|| refuse("a 64-bit integer"), Ok)
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn an_integer_is_exact_however_it_is_written() {
        for (json, expected) in [
            ("0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("2.0", 2),
            ("2e0", 2),
            ("20e-1", 2),
            ("0.2e1", 2),
            ("1.50e2", 150),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9.223372036854775808E18", i64::MIN),
        ] {
            assert_eq!(integer(json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn other_values_than_64_bit_integers_are_refused() {
        for json in [
            "2.5",
            "1e-1",
            "1e-99999999999999999999",
            "1e99999999999999999999",
            "1e400000",
            "9223372036854775808",
            "-9223372036854775809",
            "1e19",
            "\"2\"",
            "null",
            "true",
            "[2]",
            "{}",
        ] {
            assert!(integer(json).is_err(), "{json}");
        }
    }
}
