use std::sync::Arc;

use dotprompt::{ContentType, PromptFile};

use super::*;

fn survey(source: &str) -> Survey {
    survey_with(source, &[])
}

fn survey_with(source: &str, partials: &[(&str, &str)]) -> Survey {
    let file = PromptFile::parse("x.prompt", source.as_bytes()).expect("a prompt");
    let partial = |(name, source): &(&str, &str)| {
        ((*name).to_owned(), Arc::new(dotprompt::Partial::parse(name, source.as_bytes()).expect("a partial")))
    };
    super::survey(&Prompt::link(Arc::new(file), partials.iter().map(partial).collect()).expect("linked"))
}

/// Where the second message begins, whether there always is one, whether they alternate.
fn messages(source: &str) -> (Option<(u32, u32)>, bool, bool) {
    let MessageCount { second, is_certain, out_of_turn, .. } = survey(source).messages;
    (second.map(|place| (place.line, place.column)), is_certain, out_of_turn.is_none())
}

#[test]
fn messages_are_counted_as_they_are_rendered() {
    assert_eq!(messages("one {{x}}"), (None, false, true));
    assert_eq!(messages("{{role \"system\"}}a{{role \"user\"}}b"), (None, false, true));
    assert_eq!(messages("{{role \"system\"}}a"), (None, false, true));
    assert_eq!(messages("a{{role \"user\"}}{{role \"model\"}}b"), (Some((1, 17)), true, true));
    assert_eq!(messages("a{{role \"user\"}}b"), (Some((1, 2)), true, false));
    assert_eq!(messages("{{role \"model\"}}b"), (None, false, false));
    assert_eq!(messages("{{#if x}}{{role \"model\"}}b{{/if}}"), (None, false, false));
    assert_eq!(messages("a{{#if x}}{{role \"model\"}}b{{/if}}"), (Some((1, 11)), false, true));
    assert_eq!(messages("a{{media url=u}}"), (Some((1, 2)), true, false));
    assert_eq!(messages("{{#each l}}{{media url=this}}{{/each}}"), (Some((1, 12)), false, false));
    assert_eq!(messages("a{{role r}}b"), (Some((1, 2)), true, true));
    // One of two ways is taken.
    let branches = "a{{#if x}}{{role \"model\"}}b{{else}}{{role \"model\"}}c{{/if}}";
    assert_eq!(messages(branches), (Some((1, 11)), false, true));
}

#[test]
fn what_partials_do_is_the_prompts_at_their_call() {
    let partials = [("turn", "{{role \"model\"}}{{user}}{{media url=\"a.png\"}}"), ("all", "{{json this}}")];
    let found =
        survey_with("---\narguments:\n  - {name: user, type: object}\n  - name: y\n---\nx{{> turn}}", &partials);
    let call = Place { line: 6, column: 2 };
    assert_eq!(found.messages.second, Some(call));
    let written = |variable: &Variable| (variable.name.clone(), variable.shape.marks.written);
    assert_eq!(found.variables.iter().map(written).collect::<Vec<_>>(), [("user".to_owned(), Some(call))]);
    assert_eq!(found.shown, [Shown { place: call, url: Some("a.png".to_owned()), content_type: ContentType::Untold }]);
    assert_eq!(found.unused.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["y"]);
    assert!(survey_with("---\narguments: [{name: y}]\n---\n{{> all}}", &partials).unused.is_empty());
    assert_eq!(survey_with("---\narguments: [{name: y}]\n---\n{{> all q}}", &partials).unused.len(), 1);
}

#[test]
fn undeclared_variables_are_those_that_no_caller_can_give() {
    let names = |source: &str| {
        let found = survey(source).undeclared;
        found.into_iter().map(|Undeclared { name, fails, .. }| (name, fails)).collect::<Vec<_>>()
    };
    let (x, y) = (("x".to_owned(), true), ("y".to_owned(), false));
    assert_eq!(names("---\narguments: []\n---\n{{x}}{{#if y}}{{y}}{{/if}}"), [x, y]);
    assert_eq!(names("{{x}}"), []);
    assert_eq!(names("---\ninput:\n  schema:\n    z: string\n  default: {x: 1}\n---\n{{x}}"), []);
    let open = "---\ninput:\n  schema:\n    (*): string\n---\n{{x}}{{#if y}}{{y}}{{/if}}";
    assert_eq!(names(open), [("x".to_owned(), true)]);
}

#[test]
fn media_are_too_many_where_every_rendering_shows_them() {
    let media = |count| "{{media url=x}}\n".repeat(count);
    let too_many = |source: &str, partials: &[(&str, &str)]| {
        survey_with(source, partials).one_too_many.map(|place| (place.line, place.column))
    };
    assert_eq!(too_many(&media(20), &[]), None);
    assert_eq!(too_many(&media(21), &[]), Some((21, 1)));
    assert_eq!(too_many(&format!("{}{{{{#if y}}}}{}{{{{/if}}}}", media(20), media(1)), &[]), None);
    assert_eq!(too_many(&format!("{}{{{{> m}}}}", media(11)), &[("m", &media(10))]), Some((12, 1)));
    // What the partial calls is the caller's.
    let redefined = format!("{{{{#*inline \"m\"}}}}{{{{/inline}}}}{}{{{{> calls}}}}", media(11));
    assert_eq!(too_many(&redefined, &[("calls", "{{> m}}"), ("m", &media(10))]), None);
    let fallback = format!("{{{{#> @partial-block}}}}{}{{{{/@partial-block}}}}", media(21));
    assert_eq!(too_many("{{#> box}}{{/box}}", &[("box", &fallback)]), None);
}

#[test]
fn a_template_that_writes_nothing_is_empty() {
    for (source, is_empty) in [("", true), (" {{! x }}\n", true), ("{{#if x}} {{/if}}", true), ("{{x}}", false)] {
        assert_eq!(survey(source).is_empty, is_empty, "{source}");
    }
}

#[test]
fn partials_that_call_others_many_times_are_walked_once() {
    let names: Vec<String> = (0..16).map(|n| format!("p{n}")).collect();
    let sources: Vec<String> = (1..=16).map(|n| format!("{{{{role \"model\"}}}}{{{{> p{n}}}}}").repeat(50)).collect();
    let mut partials: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(sources.iter().map(String::as_str)).collect();
    partials[15].1 = "a";
    assert!(survey_with("{{> p0}}", &partials).messages.is_certain);
}
