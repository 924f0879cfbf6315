//! A gallery with a tool of its own: `cargo run --example fitness`, then call `estimate-vo2-max-cooper`.
//!
//! The tool estimates the maximal oxygen uptake from Cooper's 12-minute run and rates it.
//!
//! - Formula: VO2 max = (distance in metres − 504.9) / 44.73, in ml/kg/min. Kenneth H. Cooper, "A means of assessing
//!   maximal oxygen intake", JAMA 203 (1968), 201–204.
//! - Rating: The Physical Fitness Specialist Certification Manual, The Cooper Institute for Aerobics Research, Dallas,
//!   revised 1997; printed in Vivian H. Heyward, Advanced Fitness Assessment and Exercise Prescription, 3rd edition
//!   (1998), page 48.

use prompt_gallery::{Annotations, Server, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn main() -> std::process::ExitCode {
    Server::new().tool(estimate_vo2_max_cooper()).run()
}

fn estimate_vo2_max_cooper() -> Tool {
    let description = "Estimates the maximal oxygen uptake (VO2 max, in ml/kg/min) from the distance that a person runs \
        in 12 minutes (Cooper test) and rates it for their gender and age.";
    Tool::new("estimate-vo2-max-cooper", description, estimate)
        .title("Estimate VO2 max (Cooper test)")
        .annotations(Annotations::PURE)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Run {
    /// Distance run in 12 minutes, in metres (600 to 6000).
    distance: f64,
    gender: Gender,
    /// Age in years (13 to 120).
    age: u8,
}

/// Whose norms apply.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Gender {
    Female,
    Male,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Estimate {
    /// VO2 max in ml/kg/min, to two decimals.
    vo2_max: f64,
    rating: Rating,
}

/// How the estimate compares with people of the same gender and age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Rating {
    VeryPoor,
    Poor,
    Fair,
    Good,
    Excellent,
    Superior,
}

async fn estimate(Run { distance, gender, age }: Run) -> Result<Estimate, ToolError> {
    // Below 504.9 the formula gives nothing, and above 6000 (30 km/h) it is not a run: a wrong unit, rather.
    if !(600.0..=6000.0).contains(&distance) {
        return Err(ToolError::new(format!(
            "distance is in metres run in 12 minutes, from 600 to 6000, not {distance}."
        )));
    }
    if !(13..=120).contains(&age) {
        return Err(ToolError::new(format!("age is in years, from 13 to 120, not {age}: the ratings begin at 13.")));
    }
    let vo2_max = (distance - 504.9) / 44.73;
    Ok(Estimate { vo2_max: round(vo2_max, 100.0), rating: rate(round(vo2_max, 10.0), gender, age) })
}

fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// Rates a VO2 max that is rounded to one decimal, as the table is.
fn rate(vo2_max: f64, gender: Gender, age: u8) -> Rating {
    const RATINGS: [Rating; 5] = [Rating::Poor, Rating::Fair, Rating::Good, Rating::Excellent, Rating::Superior];
    /// Last age of a row, then where poor, fair, good, excellent and superior begin.
    type Row = (u8, [f64; 5]);
    const FEMALE: [Row; 6] = [
        (19, [25.0, 31.0, 35.0, 39.0, 42.0]),
        (29, [23.6, 29.0, 33.0, 37.0, 41.1]),
        (39, [22.8, 27.0, 31.5, 35.7, 40.1]),
        (49, [21.0, 24.5, 29.0, 32.9, 37.0]),
        (59, [20.2, 22.8, 27.0, 31.5, 35.8]),
        (u8::MAX, [17.5, 20.2, 24.5, 30.3, 31.5]),
    ];
    const MALE: [Row; 6] = [
        (19, [35.0, 38.4, 45.2, 51.0, 56.0]),
        (29, [33.0, 36.5, 42.5, 46.5, 52.5]),
        (39, [31.5, 35.5, 41.0, 45.0, 49.5]),
        (49, [30.2, 33.6, 39.0, 43.8, 48.1]),
        (59, [26.1, 31.0, 35.8, 41.0, 45.4]),
        (u8::MAX, [20.5, 26.1, 32.3, 36.5, 44.3]),
    ];
    let table = match gender {
        Gender::Female => FEMALE,
        Gender::Male => MALE,
    };
    let row = table.iter().find(|(last_age, _)| age <= *last_age);
    let reached = row.map_or(0, |(_, begins)| begins.iter().filter(|begin| vo2_max >= **begin).count());
    if reached == 0 { Rating::VeryPoor } else { RATINGS[reached - 1] }
}

#[cfg(test)]
#[path = "../tests/support/wire.rs"]
mod wire;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    async fn call(arguments: Value) -> Value {
        let server = Server::new().tool(estimate_vo2_max_cooper());
        let wire = wire::Wire::new(server, "prompts", &[]).await;
        let params = json!({ "name": "estimate-vo2-max-cooper", "arguments": arguments });
        wire.handshake("2025-06-18", "tools/call", params).await.json()["result"].take()
    }

    #[tokio::test]
    async fn the_tool_is_served_beside_the_others() {
        let result = call(json!({ "distance": 2400, "gender": "male", "age": 25 })).await;
        assert_eq!(result["structuredContent"], json!({ "vo2_max": 42.37, "rating": "fair" }));
        assert_eq!(result["isError"], false);
    }

    #[tokio::test]
    async fn what_is_no_run_is_refused_in_words() {
        for (arguments, word) in [
            (json!({ "distance": 24, "gender": "male", "age": 25 }), "from 600 to 6000"),
            (json!({ "distance": 2400, "gender": "male", "age": 12 }), "from 13 to 120"),
            (json!({ "distance": 2400, "gender": "x", "age": 25 }), "`female` or `male`"),
            (json!({ "gender": "female", "age": 25 }), "missing field `distance`"),
        ] {
            let result = call(arguments).await;
            assert_eq!(result["isError"], true);
            assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains(word)), "{result}");
        }
    }

    #[test]
    fn a_rating_begins_where_the_table_says() {
        for (vo2_max, gender, age, rating) in [
            (24.9, Gender::Female, 13, Rating::VeryPoor),
            (25.0, Gender::Female, 19, Rating::Poor),
            (41.0, Gender::Female, 29, Rating::Excellent),
            (41.1, Gender::Female, 20, Rating::Superior),
            (31.4, Gender::Female, 60, Rating::Excellent),
            (31.5, Gender::Female, 99, Rating::Superior),
            (42.4, Gender::Male, 25, Rating::Fair),
            (42.5, Gender::Male, 25, Rating::Good),
            (20.4, Gender::Male, 60, Rating::VeryPoor),
            (44.2, Gender::Male, 60, Rating::Excellent),
        ] {
            assert_eq!(rate(vo2_max, gender, age), rating, "{vo2_max} at {age}");
        }
    }
}
