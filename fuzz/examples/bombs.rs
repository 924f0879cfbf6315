//! Files and arguments that mean to cost much, and the CPU time that each takes: `cargo run --release --example bombs`.
//!
//! Each runs in a process of its own, on a stack such as the server's workers have. Names as arguments pick some.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use prompt_gallery_fuzz::prompt::{Case, MOST};
use serde_json::{Map, json};

/// A bomb that goes on for longer has gone off.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let bombs = bombs();
    if let [flag, name] = words.as_slice()
        && flag == "--one"
    {
        let (_, case) = bombs.into_iter().find(|(known, _)| known == name).expect("a bomb of that name");
        one(case);
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    println!("| bomb | reading, ms | rendering, ms | what came of it |\n|---|---:|---:|---|");
    for (name, _) in bombs {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            failed += u8::from(!report(&name));
        }
    }
    eprintln!("{failed} went off");
    ExitCode::from(u8::from(failed > 0))
}

/// Runs a bomb on this process's one thread with a worker's stack, and prints what it took.
fn one(case: Case) {
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let worker = worker.spawn(move || case.work()).expect("a thread");
    let (cost, said) = worker.join().expect("no panic");
    let said: String = said.chars().take(110).collect();
    let said = said.replace('|', "\\|").replace(['\n', '\r'], "⏎");
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{}\t{:.1}\t{:.1}\t{said}", cost.read.max(cost.render) <= MOST, ms(cost.read), ms(cost.render));
}

/// Runs a bomb in another process; whether it was harmless.
fn report(name: &str) -> bool {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["--one", name])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("a process");
    let began = Instant::now();
    while child.try_wait().expect("a process").is_none() {
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            println!("| {name} | | | **over {PATIENCE:?}** |");
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("a process");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let [fits, read, render, said] = told.trim_end().splitn(4, '\t').collect::<Vec<_>>()[..] else {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let error = error.lines().find(|line| !line.is_empty()).unwrap_or_default();
        let rest: String = error.chars().take(200).collect();
        println!("| {name} | | | **{}** {rest} |", output.status);
        return false;
    };
    println!("| {name} | {read} | {render} | {}{said} |", if fits == "true" { "" } else { "**slow** " });
    fits == "true"
}

fn file(source: impl Into<String>) -> Case {
    Case { file: source.into().into_bytes(), ..Case::default() }
}

fn with_arguments(source: impl Into<String>, arguments: &[(&str, String)]) -> Case {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into()));
    Case { arguments: arguments.collect::<Map<_, _>>(), ..file(source) }
}

fn with_partials(source: impl Into<String>, partials: &[(&str, String)]) -> Case {
    let partials = partials.iter().map(|(name, source)| ((*name).to_owned(), source.clone().into_bytes()));
    Case { partials: partials.collect(), ..file(source) }
}

/// A file whose input has this JSON Schema.
fn schema(schema: &serde_json::Value, body: &str) -> String {
    format!("---\ninput: {{schema: {schema}}}\n---\n{body}")
}

/// The same of one argument `x`.
fn of_x(x: &serde_json::Value, body: &str) -> String {
    schema(&json!({ "type": "object", "properties": { "x": x } }), body)
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

const KIB: usize = 1024;

#[expect(clippy::too_many_lines, reason = "a list")]
fn bombs() -> Vec<(String, Case)> {
    let mut bombs: Vec<(String, Case)> = Vec::new();
    let mut add = |name: &str, case: Case| bombs.push((name.to_owned(), case));
    let full = |token: &str| token.repeat(256 * KIB / token.len());

    // A file of one token.
    for token in [
        "{",
        "}",
        "{{",
        "}}",
        "{{{",
        "{{{{",
        "{{x}}",
        "{{{x}}}",
        "{{~x~}}",
        "{{&x}}",
        "{{#if x}}",
        "{{#each x}}",
        "{{^x}}",
        "{{/if}}",
        "{{else}}",
        "{{else if x}}",
        "{{> p}}",
        "{{#> p}}",
        "{{#*inline \"p\"}}",
        "{{!",
        "{{!--",
        "{{! x }}",
        "{{!-- x --}}",
        "{{(",
        "{{[",
        "{{\"",
        "{{'",
        "\\{{",
        "\\\\{{",
        "\\",
        "{{x ",
        "{{x(",
        "(",
        "[",
        "\n",
        "\r",
        "\r\n",
        " ",
        "\t",
        "{{*x}}",
        "{{.}}",
        "{{..}}",
        "{{@",
        "{{x}",
        "{{ } }}",
        "{{x as |",
        "{{#x as |a|}}",
        "ä",
        "\u{feff}",
        "\0",
        "{{a=",
        "{{role \"user\"}}",
        "{{history}}",
        "{{section \"x\"}}",
        "{{media url=\"https://x/y.png\"}}",
        "{{json x}}",
        "{{/",
        "{{>",
        "{{#>",
        "--}}",
        "{{!--}}",
        "{{!---->",
        "{{x}}\n",
        "  {{#if x}}\n",
        "---\n",
        "${{x}}",
        "{{nohelper x}}",
        "{{lookup x}}",
        "{{/\"",
        "{{x\n}}\n",
    ] {
        add(&format!("256 KiB of {token:?}"), file(full(token)));
        add(
            &format!("255 KiB of {token:?} in one tag"),
            file(format!("{{{{x {} }}}}", token.repeat(255 * KIB / token.len()))),
        );
        add(
            &format!("255 KiB of {token:?} as front matter"),
            file(format!("---\n{}\n---\n", token.repeat(255 * KIB / token.len()))),
        );
    }
    for token in [
        "- ",
        "-\n",
        "? ",
        ": ",
        "a: ",
        "[",
        "{",
        "\"",
        "'",
        "&a ",
        "*a ",
        "!t ",
        "!!str ",
        "#",
        "|\n",
        ">\n",
        "%",
        "@",
        "`",
        ",",
        "[,",
        "{a,",
        "- - ",
        "a:\n ",
        "\"\\x41",
        "\"\\u0041",
        "<<: ",
        "[]",
        "{}",
        "1 ",
        "? a\n",
        "...\n",
        "--- a\n",
        "'' ",
        "a\n",
        "[a]: ",
        "\u{2028}",
        "\u{85}",
        "- \n",
    ] {
        add(
            &format!("YAML: 255 KiB of {token:?}"),
            file(format!("---\n{}\n---\n", token.repeat(255 * KIB / token.len()))),
        );
        add(
            &format!("YAML: 255 KiB of {token:?} behind a key"),
            file(format!("---\next: {}\n---\n", token.repeat(255 * KIB / token.len()))),
        );
        add(
            &format!("YAML: 255 KiB of {token:?} in a list"),
            file(format!("---\next: [{}\n---\n", token.repeat(255 * KIB / token.len()))),
        );
    }

    // Deep.
    for (what, open, close, leaf) in [
        ("blocks", "{{#if x}}", "{{/if}}", "x"),
        ("else-chains", "{{else if x}}", "", "x"),
        ("inverse blocks", "{{^x}}", "{{/x}}", "x"),
        ("partial blocks", "{{#> p}}", "{{/p}}", "x"),
        ("inline partials", "{{#*inline \"p\"}}", "{{/inline}}", "x"),
        ("each", "{{#each x}}", "{{/each}}", "x"),
        ("with", "{{#with x}}", "{{/with}}", "x"),
        ("with, block params", "{{#with x as |x|}}", "{{/with}}", "{{x}}"),
    ] {
        for depth in [60, 63, 64, 65, 2_000, 5_000] {
            let source = open.repeat(depth) + leaf + &close.repeat(depth);
            let source = if what == "else-chains" { format!("{{{{#if x}}}}{source}{{{{/if}}}}") } else { source };
            add(
                &format!("{depth} {what}, nested"),
                with_partials(source, &[("p", "{{> @partial-block}}{{> @partial-block}}".to_owned())]),
            );
        }
    }
    for (what, open, close) in [
        ("sub-expressions", "(json ", ")"),
        ("sub-expressions in hashes", "(json x=", ")"),
        ("sub-expressions, not closed", "(json ", ""),
        ("sub-expressions twice", "(lookup x (json x) ", ")"),
        ("bare parentheses", "(", ")"),
        ("brackets", "[", "]"),
        ("brackets and commas", "[1,", "]"),
        ("braces", "{\"a\":", "}"),
        ("parentheses and brackets", "([", "])"),
        ("hashes", "a=(b ", ")"),
    ] {
        for depth in [20, 40, 60, 64, 65, 1_000, 2_500, 5_000, 30_000] {
            for (hidden, before) in [
                ("", ""),
                (" behind [\"]", "[\"] "),
                (" behind [']", "['] "),
                (" behind \"\\\\\"", "\"\\\\\" "),
                (" behind '\\\\'", "'\\\\' "),
                (" behind \"it's\"", "\"it's\" "),
                (" behind a=['", "a=['] "),
            ] {
                if hidden.is_empty() || depth >= 1_000 {
                    add(
                        &format!("{depth} {what}{hidden}, nested"),
                        file(format!("{{{{json {before}{}x{}}}}}", open.repeat(depth), close.repeat(depth))),
                    );
                }
            }
        }
    }

    // Wide.
    add("a hash of 199 keys", file(format!("{{{{json x{}}}}}", numbered(198, |n| format!(" k{n}=1")))));
    add("a hash of 30,000 keys", file(format!("{{{{json x{}}}}}", numbered(30_000, |n| format!(" k{n}=1")))));
    add(
        "a hash of 30,000 keys behind [\"]",
        file(format!("{{{{json [\"]{}}}}}", numbered(30_000, |n| format!(" k{n}=1")))),
    );
    add("1,300 tags with 199 words", file(numbered(600, |_| format!("{{{{log{}}}}}", " a".repeat(199)))));
    add("600 tags with 198 hash words", file(numbered(250, |_| format!("{{{{json x{}}}}}", " ab=1".repeat(198)))));
    add(
        "tags of nested sub-expressions",
        file(numbered(500, |_| format!("{{{{json {}x{}}}}}", "(json ".repeat(62), ")".repeat(62)))),
    );
    add(
        "tags of nested sub-expressions, not closed",
        file(numbered(500, |_| format!("{{{{json {}x}}}}", "(json ".repeat(62)))),
    );
    add(
        "tags of nested parentheses",
        file(numbered(1_800, |_| format!("{{{{json {}x{}}}}}", "(".repeat(62), ")".repeat(62)))),
    );
    add(
        "tags of nested brackets",
        file(numbered(1_800, |_| format!("{{{{json {}1{}}}}}", "[".repeat(62), "]".repeat(62)))),
    );
    add(
        "a long name that ends are told of",
        file(format!("{{{{#{}}}}}{}", "a".repeat(220 * KIB), "{{/b}}".repeat(4_998))),
    );
    add("a long name, 60 times", file(format!("{{{{#if x}}}}{{{{x.{}}}}}{{{{/if}}}}", "a".repeat(250 * KIB))));
    add(
        "4,000 unknown helpers with long names",
        file(numbered(2_500, |n| format!("{{{{h{n}{} x}}}}", "h".repeat(90)))),
    );
    add("5,000 different partials", file(numbered(5_000, |n| format!("{{{{> p{n:04}}}}}"))));
    add(
        "5,000 different partials with long names",
        file(numbered(4_900, |n| format!("{{{{> {}{n:04}}}}}", "p".repeat(40)))),
    );
    add(
        "2,500 inline partials and a call of each",
        file(
            numbered(1_600, |n| format!("{{{{#*inline \"p{n:04}\"}}}}x{{{{/inline}}}}"))
                + &numbered(1_600, |n| format!("{{{{> p{n:04}}}}}")),
        ),
    );
    add(
        "2,400 inline partials, called in a loop",
        with_arguments(
            format!(
                "---\narguments: [{{name: x, type: array}}]\n---\n{}{{{{#each x}}}}{{{{> p2399}}}}{{{{/each}}}}",
                numbered(2_400, |n| format!("{{{{#*inline \"p{n:04}\"}}}}x{{{{/inline}}}}"))
            ),
            &[("x", format!("[{}0]", "0,".repeat(100_000)))],
        ),
    );
    add(
        "inline partials in inline partials that call twice",
        file({
            let open = numbered(62, |n| format!("{{{{#*inline \"p{n}\"}}}}"));
            let close: String = (0..62).rev().map(|n| format!("{{{{/inline}}}}{{{{> p{n}}}}}{{{{> p{n}}}}}")).collect();
            format!("{open}x{close}")
        }),
    );
    add(
        "inline partials in inline partials, called deep",
        file({
            let open = numbered(31, |n| format!("{{{{#*inline \"p{n}\"}}}}"));
            let close: String = (0..31_usize)
                .rev()
                .map(|n| {
                    format!("{{{{/inline}}}}{}{{{{> p{n}}}}}{}", "{{#if x}}".repeat(63 - n), "{{/if}}".repeat(63 - n))
                })
                .collect();
            format!("{open}x{close}")
        }),
    );
    add(
        "valid sub-expressions behind [\"], 3,000 deep",
        file(format!("{{{{json x a=[\"] indent={}x{}}}}}", "(json ".repeat(3_000), ")".repeat(3_000))),
    );
    add("5,000 tags that are no expressions", file("{{a b |}}".repeat(5_000)));
    add(
        "partial blocks with 12,000 keys around 4,900 names",
        with_partials(
            numbered(60, |m| format!("{{{{#> p{}}}}}", numbered(198, |n| format!(" a{:02x}=1", n * 60 + m))))
                + &numbered(4_000, |n| format!("{{{{z{n:03x}}}}}"))
                + &"{{/p}}".repeat(60),
            &[("p", "{{> @partial-block}}".to_owned())],
        ),
    );
    let names = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"];
    let many = |p: usize| {
        numbered(100, |m| format!("{{{{role \"user\"{}}}}}", numbered(190, |n| format!(" k{n:x}=v{p:x}{m:x}{n:x}"))))
    };
    add(
        "a partial of 25,000 variables, called 5,000 times",
        with_partials("{{> p}}".repeat(5_000), &[("p", many(10))]),
    );
    add(
        "partials of many variables in a chain",
        with_partials(
            "{{> p0}}".repeat(4_000),
            &(0..15)
                .map(|p| {
                    (names[p], if p < 14 { many(p) + &format!("{{{{> p{}}}}}", p + 1).repeat(40) } else { many(p) })
                })
                .collect::<Vec<_>>(),
        ),
    );
    add(
        "partials that double, 16 deep",
        with_partials(
            "{{> p0}}",
            &(0..15)
                .map(|p| {
                    (
                        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"]
                            [p],
                        if p < 14 { format!("{{{{> p{}}}}}", p + 1).repeat(2) } else { "x".to_owned() },
                    )
                })
                .collect::<Vec<_>>(),
        ),
    );
    add(
        "partials that grow fourfold, 15 deep",
        with_partials(
            "{{> p0}}",
            &(0..15)
                .map(|p| {
                    (
                        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"]
                            [p],
                        if p < 14 {
                            format!("{{{{> p{} a=1 b=2}}}}", p + 1).repeat(4)
                        } else {
                            "{{#if y}}{{/if}}".to_owned()
                        },
                    )
                })
                .collect::<Vec<_>>(),
        ),
    );
    add("a partial that calls itself", with_partials("{{> p}}", &[("p", "{{> p}}".to_owned())]));
    add("an inline partial that calls itself twice", file("{{#*inline \"p\"}}{{> p}}{{> p}}{{/inline}}{{> p}}"));
    add(
        "partial blocks that double",
        with_partials(
            "{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}{{#> p}}x{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}{{/p}}",
            &[("p", "{{> @partial-block}}".repeat(40))],
        ),
    );
    for (what, path) in [
        ("../ chains", format!("{}x", "../".repeat(80 * KIB))),
        ("@../ chains", format!("@{}x", "../".repeat(80 * KIB))),
        ("a path of 120,000 segments", "a.".repeat(120 * KIB) + "a"),
        ("a long path", "a".repeat(250 * KIB)),
        ("a long index", format!("x.[{}]", "0".repeat(250 * KIB))),
        ("a long literal", format!("[{}]", "a b".repeat(80 * KIB))),
        ("this/this/…", "this/".repeat(50 * KIB) + "x"),
    ] {
        add(what, file(format!("{{{{{path}}}}}")));
        let turns = format!("[{}0]", "0,".repeat(99_000));
        add(
            &format!("{what} in a loop"),
            with_arguments(
                format!(
                    "---\narguments: [{{name: x, type: array}}]\n---\n{{{{#each x}}}}{{{{#if {path}}}}}{{{{/if}}}}{{{{/each}}}}"
                ),
                &[("x", turns)],
            ),
        );
        let objects = format!("[{{\"a\":1,\"b\":2}}{}]", ",{\"a\":1,\"b\":2}".repeat(18_000));
        add(
            &format!("{what} in a loop over objects"),
            with_arguments(
                format!(
                    "---\narguments: [{{name: x, type: array}}]\n---\n{{{{#each x}}}}{{{{#if {path}}}}}{{{{/if}}}}{{{{/each}}}}"
                ),
                &[("x", objects)],
            ),
        );
    }
    add("a long text literal", file(format!("{{{{json \"{}\"}}}}", "a".repeat(250 * KIB))));
    add("a long text literal of escapes", file(format!("{{{{json \"{}\"}}}}", "\\n".repeat(125 * KIB))));
    add("a long number", file(format!("{{{{json {}}}}}", "1".repeat(250 * KIB))));
    add(
        "a long partial's name, called in a loop",
        with_arguments(
            format!(
                "---\narguments: [{{name: x, type: array}}]\n---\n{{{{#*inline \"{0}\"}}}}{{{{/inline}}}}{{{{#each x}}}}{{{{> \"{0}\"}}}}{{{{/each}}}}",
                "p".repeat(125 * KIB)
            ),
            &[("x", format!("[{}0]", "0,".repeat(99_000)))],
        ),
    );
    add(
        "a long missing partial's name, called in a loop",
        Case {
            partials: [("q".to_owned(), b"x".to_vec())].into(),
            ..with_arguments(
                format!(
                    "---\narguments: [{{name: x, type: array}}]\n---\n{{{{#each x}}}}{{{{#> {0}}}}}{{{{/{0}}}}}{{{{/each}}}}{{{{> q}}}}",
                    "p".repeat(125 * KIB)
                ),
                &[("x", format!("[{}0]", "0,".repeat(99_000)))],
            )
        },
    );

    // Loops.
    let array = "---\narguments: [{name: x, type: array, required: true}, {name: y, type: array}, {name: o, type: object}, {name: t}]\n---\n";
    let ones = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    let arguments = |case: &str, pairs: &[(&str, String)]| with_arguments(format!("{array}{case}"), pairs);
    add("each in each over 300", arguments("{{#each x}}{{#each ../x}}{{this}}{{/each}}{{/each}}", &[("x", ones(300))]));
    add(
        "each in each in each over 1,000",
        arguments(
            "{{#each x}}{{#each ../x}}{{#each ../../x}}{{this}}{{/each}}{{/each}}{{/each}}",
            &[("x", ones(1_000))],
        ),
    );
    add("each over 100,000", arguments("{{#each x}}{{this}}{{@index}}{{@last}}{{/each}}", &[("x", ones(100_000))]));
    add("each over 131,000", arguments("{{#each x}}{{this}}{{/each}}", &[("x", ones(131_000))]));
    add(
        "nine tags a turn",
        arguments(
            "{{#each x}}{{#if a}}{{#if a}}{{/if}}{{/if}}{{#if a}}{{/if}}{{#if a}}{{/if}}{{#if a}}{{/if}}{{#if a}}{{/if}}{{#if a}}{{/if}}{{/each}}",
            &[("x", ones(100_000))],
        ),
    );
    add(
        "equality of large texts in a loop",
        arguments(
            "{{#each x}}{{#ifEquals ../t ../t}}{{/ifEquals}}{{/each}}",
            &[("x", ones(100_000)), ("t", "t".repeat(250 * KIB))],
        ),
    );
    add(
        "length of a large text in a loop",
        arguments(
            "{{#each x}}{{#if ../t.length}}{{/if}}{{/each}}",
            &[("x", ones(100_000)), ("t", "t".repeat(250 * KIB))],
        ),
    );
    add(
        "length of a large wide text in a loop",
        arguments(
            "{{#each x}}{{#if ../t.length}}{{/if}}{{/each}}",
            &[("x", ones(100_000)), ("t", "€".repeat(80 * KIB))],
        ),
    );
    add(
        "json of a large list in a loop",
        arguments("{{#each x}}{{#if (json ../x)}}{{/if}}{{/each}}", &[("x", ones(100_000))]),
    );
    add(
        "json of a large list, indented, in a loop",
        arguments("{{#each x}}{{#if (json ../x indent=10)}}{{/if}}{{/each}}", &[("x", ones(100_000))]),
    );
    add(
        "json of many decimals in a loop",
        arguments(
            "{{#each x}}{{#if (json ../x)}}{{/if}}{{/each}}",
            &[("x", format!("[{}1]", "1.7e300,".repeat(30_000)))],
        ),
    );
    add(
        "json of empty lists in a loop",
        arguments("{{#each x}}{{#if (json ../x)}}{{/if}}{{/each}}", &[("x", format!("[{}1]", "[],".repeat(80_000)))]),
    );
    add(
        "json of everything in a loop",
        arguments("{{#each x}}{{#if (json @root)}}{{/if}}{{/each}}", &[("x", ones(100_000))]),
    );
    add(
        "json of a text of escapes in a loop",
        arguments(
            "{{#each x}}{{#if (json ../t)}}{{/if}}{{/each}}",
            &[("x", ones(100_000)), ("t", "\u{1}".repeat(250 * KIB))],
        ),
    );
    add(
        "json of json of json",
        arguments(
            "{{json (json (json (json (json (json (json (json (json (json (json (json t)))))))))))}}",
            &[("x", ones(1)), ("t", "\"".repeat(1_000))],
        ),
    );
    add(
        "json of an overlay in a loop",
        with_partials(
            format!(
                "---\ninput: {{default: {{xs: [{}1], {}}}}}\n---\n{{{{> p0{}}}}}",
                "1,".repeat(3_000),
                numbered(6_000, |n| format!("k{n}: 1,")),
                numbered(198, |n| format!(" a{n}=1"))
            ),
            &(0..15)
                .map(|p| {
                    (
                        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"]
                            [p],
                        if p < 14 {
                            format!("{{{{> p{}{}}}}}", p + 1, numbered(198, |n| format!(" a{n}=1")))
                        } else {
                            "{{#each @root.xs}}{{#if (json ..)}}{{/if}}{{/each}}".to_owned()
                        },
                    )
                })
                .collect::<Vec<_>>(),
        ),
    );
    add(
        "each over an overlay in a loop",
        with_partials(
            format!(
                "---\ninput: {{default: {{xs: [{}1], {}}}}}\n---\n{{{{> p0{}}}}}",
                "1,".repeat(3_000),
                numbered(6_000, |n| format!("k{n}: 1,")),
                numbered(198, |n| format!(" a{n}=1"))
            ),
            &(0..15)
                .map(|p| {
                    (
                        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"]
                            [p],
                        if p < 14 {
                            format!("{{{{> p{}{}}}}}", p + 1, numbered(198, |n| format!(" a{n}=1")))
                        } else {
                            "{{#each @root.xs}}{{#each ..}}{{/each}}{{/each}}".to_owned()
                        },
                    )
                })
                .collect::<Vec<_>>(),
        ),
    );
    add(
        "a variable behind overlays in a loop",
        with_partials(
            format!(
                "---\ninput: {{default: {{xs: [{}1], zzz: 1}}}}\n---\n{{{{> p0{}}}}}",
                "1,".repeat(12_000),
                numbered(198, |n| format!(" a{n:02}=1"))
            ),
            &(0..15)
                .map(|p| {
                    (
                        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"]
                            [p],
                        if p < 14 {
                            format!("{{{{> p{}{}}}}}", p + 1, numbered(198, |n| format!(" a{n:02}=1")))
                        } else {
                            format!("{{{{#each @root.xs}}}}{}{{{{/each}}}}", "{{#if ../zzz}}{{/if}}".repeat(70))
                        },
                    )
                })
                .collect::<Vec<_>>(),
        ),
    );
    add(
        "lists in lists of nothing, written in a loop",
        arguments(
            "{{#each y}}{{../x}}{{/each}}",
            &[
                (
                    "x",
                    format!(
                        "[{}]",
                        format!("{}{},", "[".repeat(120), "]".repeat(120)).repeat(1_000).trim_end_matches(',')
                    ),
                ),
                ("y", ones(100_000)),
            ],
        ),
    );
    add(
        "a list of one in one, written in a loop",
        arguments(
            "{{#each y}}{{../x}}{{../x}}{{../x}}{{../x}}{{../x}}{{../x}}{{../x}}{{../x}}{{/each}}",
            &[("x", format!("{}{}", "[".repeat(120), "]".repeat(120))), ("y", ones(100_000))],
        ),
    );
    add(
        "a list of nothing looked up in a loop",
        arguments(
            "{{#each y}}{{#if (lookup ../x ../x)}}{{/if}}{{/each}}",
            &[
                (
                    "x",
                    format!(
                        "[{}]",
                        format!("{}{},", "[".repeat(120), "]".repeat(120)).repeat(1_000).trim_end_matches(',')
                    ),
                ),
                ("y", ones(100_000)),
            ],
        ),
    );
    add(
        "output of 4 MiB",
        arguments("{{#each x}}{{../t}}{{/each}}", &[("x", ones(1_000)), ("t", "t".repeat(250 * KIB))]),
    );
    add(
        "output of 4 MiB of indented lines",
        Case {
            partials: [("p".to_owned(), b"{{#each x}}{{../t}}{{/each}}".to_vec())].into(),
            ..arguments("    {{> p}}\n", &[("x", ones(1_000)), ("t", "\n".repeat(250 * KIB))])
        },
    );
    add("1,000 roles", file("{{role \"user\"}}x{{role \"model\"}}y".repeat(600)));
    add(
        "block params chains",
        arguments(
            &format!(
                "{}{}{}",
                numbered(60, |n| format!("{{{{#each x as |a{n} b{n}|}}}}")),
                "{{a0}}{{b0}}{{#if zz}}{{/if}}".repeat(600),
                "{{/each}}".repeat(60)
            ),
            &[("x", "[1]".to_owned())],
        ),
    );

    // JSON Schema.
    let pattern = |pattern: &str, text: String| {
        with_arguments(of_x(&json!({ "type": "string", "pattern": pattern }), "{{x}}"), &[("x", text)])
    };
    add("regex (a+)+$", pattern("^(a+)+$", "a".repeat(200 * KIB) + "!"));
    add("regex (a|aa)+$", pattern("^(a|aa)+$", "a".repeat(200 * KIB) + "!"));
    add("regex (.*)*x", pattern("(.*)*(.*)*(.*)*x", "a".repeat(255 * KIB)));
    add("regex back reference", pattern("^(a+)\\1+$", "a".repeat(255 * KIB)));
    add("regex look-ahead", pattern("^(?=(a+)+$)b", "a".repeat(255 * KIB)));
    add("regex a{1000000}", pattern("a{1000000}", "a".repeat(255 * KIB)));
    add("regex ((a{100}){100}){100}", pattern("((a{100}){100}){100}", "a".repeat(255 * KIB)));
    add("regex \\w{1000}", pattern("\\w{1000}", "a".repeat(255 * KIB)));
    add("regex \\w{50}", pattern("\\w{50}", "ä".repeat(100 * KIB)));
    add("regex (?i)\\pL{100}", pattern("(?i)\\pL{100}", "ä".repeat(100 * KIB)));
    add("regex [a-z]{9000}", pattern("[a-z]{9000}", "a".repeat(255 * KIB)));
    let ab: String = (0..255 * KIB).map(|n| if (n * 2_654_435_761) >> 7 & 1 == 0 { 'a' } else { 'b' }).collect();
    add("regex (a|b)*a(a|b){12}c", pattern("(a|b)*a(a|b){12}c", ab.clone()));
    add("regex (a|b)*a(a|b){500}c", pattern("(a|b)*a[ab]{500}[cd]e?$", ab.clone() + "e"));
    add("regex (a|b)*a[ab]{8000}c", pattern("(a|b)*a[ab]{8000}c", ab.clone()));
    for (states, length) in [(60, 15), (60, 255), (500, 15), (2_000, 15), (8_000, 15)] {
        add(
            &format!("regex (a\\|b)*a[ab]{{{states}}}c on {length} KiB"),
            pattern(&format!("(a|b)*a[ab]{{{states}}}c"), ab[..length * KIB].to_owned() + "c"),
        );
    }
    add("regex .{200}c", pattern(".{200}c", ab.clone()));
    add("regex [^x]{400}c, wide text", pattern("[^x]{400}c", "ä€".repeat(50 * KIB)));
    add("regex of 100,000 branches", pattern(&numbered(20_000, |n| format!("b{n}|")), "a".repeat(255 * KIB)));
    add("regex of deep groups", pattern(&("(".repeat(100_000) + "a" + &")".repeat(100_000)), "a".to_owned()));
    add("regex of 240 deep groups", pattern(&("(".repeat(240) + "a" + &")*".repeat(240)), "a".repeat(255 * KIB)));
    add("regex of (a*)* 2,000 wide", pattern(&"(a*)*".repeat(2_000), "a".repeat(255 * KIB) + "!"));
    add("regex of a?^2000", pattern(&("a?".repeat(2_000) + &"a".repeat(2_000) + "$"), "a".repeat(255 * KIB)));
    add(
        "regex format of a long pattern",
        with_arguments(
            of_x(&json!({ "type": "string", "format": "regex" }), "{{x}}"),
            &[("x", "\\w{1000}".repeat(20_000))],
        ),
    );
    for format in [
        "email",
        "uri",
        "uri-reference",
        "iri",
        "date-time",
        "hostname",
        "idn-hostname",
        "ipv6",
        "uuid",
        "json-pointer",
        "uri-template",
        "idn-email",
        "duration",
    ] {
        for (what, text) in [
            ("a", "a".repeat(255 * KIB)),
            ("a.", "a.".repeat(127 * KIB)),
            ("ä", "ä".repeat(127 * KIB)),
            ("a@", "a@".repeat(127 * KIB)),
            ("x:/", format!("x:{}", "/".repeat(255 * KIB))),
            ("{a}", "{a}".repeat(80 * KIB)),
            (":", ":".repeat(255 * KIB)),
        ] {
            add(
                &format!("format {format} of 255 KiB of {what}"),
                with_arguments(of_x(&json!({ "type": "string", "format": format }), "{{x}}"), &[("x", text)]),
            );
        }
    }
    let properties = |count: usize, of: &dyn Fn(usize) -> serde_json::Value| {
        let all: Map<_, _> = (0..count).map(|n| (format!("p{n}"), of(n))).collect();
        json!({ "type": "object", "properties": all })
    };
    add(
        "200 patterns of \\w{100}",
        file(schema(&properties(200, &|n| json!({ "type": "string", "pattern": format!("\\w{{100}}{n}") })), "x")),
    );
    add(
        "5,000 patterns in one argument",
        file(of_x(&properties(3_000, &|n| json!({ "type": "string", "pattern": format!("a{{900}}{n}") })), "x")),
    );
    add(
        "3,000 patterns of \\w{30} in one argument",
        file(of_x(&properties(3_000, &|n| json!({ "type": "string", "pattern": format!("\\w{{30}}{n}") })), "x")),
    );
    add(
        "3,000 pattern properties",
        with_arguments(
            of_x(
                &json!({ "type": "object", "patternProperties": (0..3_000).map(|n| (format!("a.*{n}$"), json!({}))).collect::<Map<_, _>>() }),
                "x",
            ),
            &[("x", format!("{{{}\"a\":1}}", numbered(10_000, |n| format!("\"a{n}b\":1,"))))],
        ),
    );
    add(
        "an enum of 10,000",
        with_arguments(of_x(&json!({ "enum": (0..10_000).collect::<Vec<_>>() }), "{{x}}"), &[("x", "no".to_owned())]),
    );
    add(
        "an enum of 10,000 in a list of 100,000",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "enum": (0..10_000).collect::<Vec<_>>() } }), "x"),
            &[("x", format!("[{}9999]", "9999,".repeat(50_000)))],
        ),
    );
    add(
        "an enum of 10,000 texts in a list of 40,000",
        with_arguments(
            of_x(
                &json!({ "type": "array", "items": { "enum": (0..10_000).map(|n| format!("t{n}")).collect::<Vec<_>>() } }),
                "x",
            ),
            &[("x", format!("[{}\"t9999\"]", "\"t9999\",".repeat(30_000)))],
        ),
    );
    add(
        "an enum of 10,000 in a comma list",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "enum": (0..10_000).collect::<Vec<_>>() } }), "x"),
            &[("x", "9999,".repeat(50_000))],
        ),
    );
    add(
        "a comma list of 256 KiB",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "type": "integer" } }), "{{x}}"),
            &[("x", "1,".repeat(128 * KIB))],
        ),
    );
    add(
        "a comma list of commas",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "type": "integer" } }), "{{x}}"),
            &[("x", ",".repeat(256 * KIB))],
        ),
    );
    add(
        "unique items, 100,000",
        with_arguments(
            of_x(&json!({ "type": "array", "uniqueItems": true }), "x"),
            &[("x", format!("[{}0]", numbered(37_000, |n| format!("{n},"))))],
        ),
    );
    add(
        "unique items, lists",
        with_arguments(
            of_x(&json!({ "type": "array", "uniqueItems": true }), "x"),
            &[("x", format!("[{}0]", numbered(20_000, |n| format!("[[{n}]],"))))],
        ),
    );
    add(
        "unique items, objects",
        with_arguments(
            of_x(&json!({ "type": "array", "uniqueItems": true }), "x"),
            &[("x", format!("[{}0]", numbered(16_000, |n| format!("{{\"a\":{n}}},"))))],
        ),
    );
    add(
        "unique items, decimals",
        with_arguments(
            of_x(&json!({ "type": "array", "uniqueItems": true }), "x"),
            &[("x", format!("[{}0]", numbered(30_000, |n| format!("{n}.5,"))))],
        ),
    );
    let all_of =
        |count: usize, one: serde_json::Value| json!({ "type": "array", "items": { "allOf": vec![one; count] } });
    add(
        "1,900 schemas for each of 100,000 items",
        with_arguments(of_x(&all_of(1_900, json!({ "minimum": 0 })), "x"), &[("x", ones(100_000))]),
    );
    add(
        "1,900 anyOf for each of 100,000 items",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "anyOf": vec![json!({ "maximum": 0 }); 1_900] } }), "x"),
            &[("x", ones(100_000))],
        ),
    );
    add(
        "1,900 oneOf for each of 100,000 items",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "oneOf": vec![json!({ "minimum": 0 }); 1_900] } }), "x"),
            &[("x", ones(100_000))],
        ),
    );
    add(
        "contains in contains",
        with_arguments(
            of_x(&json!({ "type": "array", "items": { "contains": { "contains": { "type": "null" } } } }), "x"),
            &[("x", format!("[{}[]]", "[[1],[1]],".repeat(20_000)))],
        ),
    );
    add(
        "an object of 1 MiB in 4 arguments",
        with_arguments(
            schema(&properties(4, &|_| json!({ "type": "object" })), "{{p0}}"),
            &["p0", "p1", "p2", "p3"]
                .map(|name| (name, format!("{{{}\"a\":1}}", numbered(19_000, |n| format!("\"k{n}\":[],"))))),
        ),
    );
    add(
        "256 KiB of nested JSON",
        with_arguments(of_x(&json!({ "type": "object" }), "{{json x}}"), &[("x", "{\"a\":".repeat(50_000))]),
    );
    add(
        "JSON 127 deep",
        with_arguments(
            of_x(&json!({ "type": "object" }), "{{json x indent=10}}"),
            &[("x", "{\"a\":".repeat(126) + "1" + &"}".repeat(126))],
        ),
    );
    add(
        "JSON of 1,000 lists 120 deep",
        with_arguments(
            of_x(&json!({ "type": "array" }), "{{json x indent=10}}"),
            &[("x", format!("[{}1]", (("[".repeat(120) + &"]".repeat(120)) + ",").repeat(1_000)))],
        ),
    );
    add("a schema that contains itself, 120 deep", with_arguments(of_x(&json!({ "$ref": "#/$defs/n" }), "x").replace("\"type\":\"object\",", "\"type\":\"object\",\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/n\"},{\"type\":\"string\"}]}}}},"), &[("x", "{\"a\":".repeat(120) + "1" + &"}".repeat(120))]));
    add("a schema that contains itself twice, 120 deep", with_arguments(of_x(&json!({ "$ref": "#/$defs/n" }), "x").replace("\"type\":\"object\",", "\"type\":\"object\",\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/n\"},{\"$ref\":\"#/$defs/n\"}]}}}},"), &[("x", "{\"a\":".repeat(120) + "1" + &"}".repeat(120))]));
    add("an object argument that each level checks twice", with_arguments(of_x(&json!({ "$ref": "#/$defs/n" }), "x").replace("\"type\":\"object\",", "\"type\":\"object\",\"$defs\":{\"n\":{\"additionalProperties\":{\"allOf\":[{\"$ref\":\"#/$defs/n\"},{\"$ref\":\"#/$defs/n\"}]}}},"), &[("x", "{\"a\":".repeat(40) + "{}" + &"}".repeat(40))]));
    for (what, defs) in [
        ("a $ref to itself", json!({ "a": { "$ref": "#/$defs/a" } })),
        ("anyOf with a $ref to itself", json!({ "a": { "anyOf": [{ "$ref": "#/$defs/a" }, { "type": "string" }] } })),
        ("allOf with a $ref to itself", json!({ "a": { "allOf": [{ "$ref": "#/$defs/a" }] } })),
        ("not with a $ref to itself", json!({ "a": { "not": { "$ref": "#/$defs/a" } } })),
        ("if with a $ref to itself", json!({ "a": { "if": { "$ref": "#/$defs/a" }, "then": {} } })),
        ("a $ref cycle of two", json!({ "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } })),
        (
            "anyOf that refers to itself twice",
            json!({ "a": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }] } }),
        ),
        ("dependentSchemas to itself", json!({ "a": { "dependentSchemas": { "q": { "$ref": "#/$defs/a" } } } })),
        ("contains of itself", json!({ "a": { "contains": { "$ref": "#/$defs/a" } } })),
        ("propertyNames of itself", json!({ "a": { "propertyNames": { "$ref": "#/$defs/a" } } })),
        (
            "a schema that contains itself, which is allowed",
            json!({ "a": { "type": "object", "properties": { "next": { "$ref": "#/$defs/a" } } } }),
        ),
        ("unevaluatedProperties of itself", json!({ "a": { "unevaluatedProperties": { "$ref": "#/$defs/a" } } })),
        (
            "unevaluatedItems beside itself",
            json!({ "a": { "allOf": [{ "$ref": "#/$defs/a" }], "unevaluatedItems": false } }),
        ),
    ] {
        let source = schema(
            &json!({ "type": "object", "$defs": defs, "properties": { "x": { "type": "array", "items": { "$ref": "#/$defs/a" } }, "y": { "$ref": "#/$defs/a" } } }),
            "x",
        );
        add(what, with_arguments(source, &[("x", "[[1], {\"q\": 1}, 1, null]".to_owned()), ("y", "y".to_owned())]));
    }
    let doubling = |count: usize, last: serde_json::Value| -> Map<String, serde_json::Value> {
        let next = |n: usize| json!({ "anyOf": [{ "$ref": format!("#/$defs/d{}", n + 1) }, { "$ref": format!("#/$defs/d{}", n + 1) }] });
        (0..count).map(|n| (format!("d{n}"), if n + 1 == count { last.clone() } else { next(n) })).collect()
    };
    add(
        "30 schemas that each name the next twice",
        with_arguments(
            schema(
                &json!({ "$defs": doubling(30, json!({ "type": "null" })), "properties": { "x": { "$ref": "#/$defs/d0" } } }),
                "x",
            ),
            &[("x", "1".to_owned())],
        ),
    );
    add(
        "the same behind $id",
        with_arguments(
            schema(
                &json!({
                    "$defs": (0..30).map(|n| (format!("d{n}"), json!({}))).collect::<Map<_, _>>(),
                    "properties": { "x": { "$id": "http://x/y", "type": "array", "items": { "$ref": "#/$defs/d0" }, "$defs": doubling(30, json!({ "type": "null" })) } },
                }),
                "x",
            ),
            &[("x", "[1]".to_owned())],
        ),
    );
    for (what, both) in [
        ("items", json!({ "type": "array", "items": { "allOf": [{ "$ref": "#/$defs/n" }, { "$ref": "#/$defs/n" }] } })),
        (
            "items, of two",
            json!({ "type": "array", "items": { "allOf": [{ "$ref": "#/$defs/m" }, { "$ref": "#/$defs/m" }] } }),
        ),
        (
            "items and contains",
            json!({ "items": { "$ref": "#/$defs/n" }, "not": { "contains": { "not": { "$ref": "#/$defs/n" } } } }),
        ),
    ] {
        let source = schema(
            &json!({ "$defs": { "n": both, "m": { "type": "array", "items": { "$ref": "#/$defs/n" } } }, "properties": { "x": { "$ref": "#/$defs/n" } } }),
            "x",
        );
        add(
            &format!("a schema that leads back twice through {what}"),
            with_arguments(source, &[("x", "[".repeat(120) + &"]".repeat(120))]),
        );
    }
    add(
        "30 levels of items that each name the next twice",
        with_arguments(
            schema(
                &json!({ "$defs": (0..30).map(|n| (format!("d{n}"), json!({ "items": { "allOf": [{ "$ref": format!("#/$defs/d{}", n + 1) }, { "$ref": format!("#/$defs/d{}", n + 1) }] } }))).chain([("d30".to_owned(), json!({ "type": "array" }))]).collect::<Map<_, _>>(), "properties": { "x": { "type": "array", "items": { "$ref": "#/$defs/d0" } } } }),
                "x",
            ),
            &[("x", "[".repeat(32) + &"]".repeat(32))],
        ),
    );
    add(
        "60 levels of properties that each name the next twice",
        with_arguments(
            schema(
                &json!({ "$defs": (0..60).map(|n| (format!("d{n}"), json!({ "properties": { "a": { "$ref": format!("#/$defs/d{}", n + 1) }, "b": { "$ref": format!("#/$defs/d{}", n + 1) } } }))).chain([("d60".to_owned(), json!({ "type": "array" }))]).collect::<Map<_, _>>(), "properties": { "x": { "type": "object", "properties": { "a": { "$ref": "#/$defs/d0" } } } } }),
                "x",
            ),
            &[("x", "{}".to_owned())],
        ),
    );
    add(
        "doubling through items",
        with_arguments(
            schema(
                &json!({ "$defs": (0..30).map(|n| (format!("d{n}"), json!({ "items": { "$ref": format!("#/$defs/d{}", n + 1) }, "contains": { "$ref": format!("#/$defs/d{}", n + 1) } }))).chain([("d30".to_owned(), json!({ "type": "null" }))]).collect::<Map<_, _>>(), "properties": { "x": { "type": "array", "items": { "$ref": "#/$defs/d0" } } } }),
                "x",
            ),
            &[("x", "[".repeat(32) + &"]".repeat(32))],
        ),
    );
    let chain = |count: usize, link: &dyn Fn(serde_json::Value) -> serde_json::Value, last: serde_json::Value| {
        let next = |n: usize| json!({ "$ref": format!("#/$defs/d{n}") });
        let mut definitions: Map<_, _> = (0..count).map(|n| (format!("d{n}"), link(next(n + 1)))).collect();
        definitions.insert(format!("d{count}"), last);
        schema(&json!({ "$defs": definitions, "properties": { "x": next(0) } }), "x")
    };
    let deep = |open: &str, depth: usize, close: &str| [("x", open.repeat(depth) + "1" + &close.repeat(depth))];
    for count in [199, 5_000] {
        add(
            &format!("{count} references, each in a part of the one before"),
            file(chain(count, &|next| json!({ "items": { "items": { "items": next } } }), json!({}))),
        );
    }
    for count in [20, 50, 62] {
        add(
            &format!("{count} references that lead back through items, 120 deep"),
            with_arguments(
                chain(
                    count,
                    &|next| json!({ "allOf": [next] }),
                    json!({ "type": "array", "items": { "$ref": "#/$defs/d0" } }),
                ),
                &deep("[", 120, "]"),
            ),
        );
    }
    for keyword in ["allOf", "anyOf", "oneOf", "not"] {
        let link = |next: serde_json::Value| match keyword {
            "not" => json!({ "not": next }),
            _ => json!({ keyword: [next] }),
        };
        for count in [1, 3] {
            add(
                &format!("{count} {keyword} that lead back through items, wrong 120 deep"),
                with_arguments(
                    chain(count, &link, json!({ "type": "array", "items": { "$ref": "#/$defs/d0" } })),
                    &deep("[", 120, "]"),
                ),
            );
        }
        add(
            &format!("60 {keyword} with unevaluatedProperties"),
            with_arguments(
                chain(
                    60,
                    &|next| {
                        let mut link = link(next);
                        link["unevaluatedProperties"] = false.into();
                        link
                    },
                    json!({ "properties": { "a": {} } }),
                ),
                &[("x", "{\"a\": 1, \"b\": 2}".to_owned())],
            ),
        );
    }
    add(
        "100,000 items, two schemas each",
        with_arguments(
            of_x(&json!({ "items": { "anyOf": [{ "type": "null" }] } }), "x"),
            &[("x", format!("[{}null]", "null,".repeat(50_000)))],
        ),
    );
    add(
        "1,000 items, 200 schemas each, one wrong at the end",
        with_arguments(
            of_x(&json!({ "items": { "anyOf": (0..200).map(|n| json!({ "const": n })).collect::<Vec<_>>() } }), "x"),
            &[("x", format!("[{}200]", "199,".repeat(1_400)))],
        ),
    );
    add(
        "40 objects that are not one of 100, deep",
        with_arguments(
            chain(
                1,
                &|next| json!({ "properties": { "x": { "anyOf": vec![json!({ "type": "null" }); 99].into_iter().chain([next]).collect::<Vec<_>>() } } }),
                json!({ "$ref": "#/$defs/d0" }),
            ),
            &deep("{\"x\":", 120, "}"),
        ),
    );
    add(
        "unique items of 100,000",
        with_arguments(
            of_x(&json!({ "type": "array", "uniqueItems": true }), "x"),
            &[("x", format!("[{}1]", numbered(40_000, |n| format!("{n},"))))],
        ),
    );
    add(
        "unique items of 60,000 lists",
        with_arguments(
            of_x(&json!({ "type": "array", "uniqueItems": true }), "x"),
            &[("x", format!("[{}1]", numbered(30_000, |n| format!("[{n}],"))))],
        ),
    );
    for (what, pattern) in [
        ("(a{1000}){10}", "(a{1000}){10}".to_owned()),
        ("(a{1000}){1000}", "(a{1000}){1000}".to_owned()),
        ("\\w{50}", "\\w{50}".to_owned()),
        (".{1,200}", "^.{1,200}$".to_owned()),
        ("\\p{L}{1,100}", "^\\p{L}{1,100}$".to_owned()),
        ("[^x]{800}", "^[^x]{800}$".to_owned()),
    ] {
        for count in [1, 100] {
            add(
                &format!("{count} patterns {what}"),
                file(schema(
                    &json!({ "properties": (0..count).map(|n| (format!("p{n}"), json!({ "type": "string", "pattern": format!("{pattern}{n}") }))).collect::<Map<_, _>>() }),
                    "x",
                )),
            );
        }
    }
    add(
        "a chain of 5,000 references",
        file(schema(
            &json!({ "$defs": (0..5_000).map(|n| (format!("d{n}"), json!({ "$ref": format!("#/$defs/d{}", (n + 1) % 5_000) }))).collect::<Map<_, _>>(), "properties": { "x": { "$ref": "#/$defs/d0" } } }),
            "x",
        )),
    );
    add(
        "5,000 properties with references to an enum of 4,000",
        file(schema(
            &json!({ "$defs": { "e": { "enum": (0..4_000).collect::<Vec<_>>() } }, "properties": (0..3_000).map(|n| (format!("p{n}"), json!({ "$ref": "#/$defs/e" }))).collect::<Map<_, _>>() }),
            "x",
        )),
    );
    add(
        "3,000 properties with references to a long description",
        file(schema(
            &json!({ "$defs": { "e": { "description": "d".repeat(150 * KIB) } }, "properties": (0..3_000).map(|n| (format!("p{n}"), json!({ "$ref": "#/$defs/e" }))).collect::<Map<_, _>>() }),
            "x",
        )),
    );
    add(
        "199 properties with references to a long description",
        file(schema(
            &json!({ "$defs": { "e": { "description": "d".repeat(240 * KIB) } }, "properties": (0..199).map(|n| (format!("p{n}"), json!({ "$ref": "#/$defs/e" }))).collect::<Map<_, _>>() }),
            "x",
        )),
    );
    add(
        "200 properties with references to an enum of 9,000 texts",
        with_arguments(
            schema(
                &json!({ "$defs": { "e": { "enum": (0..9_000).map(|n| format!("text {n}")).collect::<Vec<_>>() } }, "properties": (0..200).map(|n| (format!("p{n}"), json!({ "$ref": "#/$defs/e" }))).collect::<Map<_, _>>() }),
                "x",
            ),
            &[("p0", "x".to_owned())],
        ),
    );
    add(
        "3,000 branches of branches",
        file(of_x(
            &json!({ "anyOf": vec![json!({ "anyOf": [{ "anyOf": [{ "type": "null" }, {}, {}] }, {}] }); 1_500] }),
            "x",
        )),
    );
    add(
        "branches that lead back, by kind",
        file(schema(
            &json!({ "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/b" }, {}] }, "b": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/b" }, {}] } }, "properties": { "x": { "$ref": "#/$defs/a" } } }),
            "x",
        )),
    );
    add("a $ref with many steps", file(of_x(&json!({ "$ref": format!("#{}", "/properties/x".repeat(15_000)) }), "x")));
    add(
        "20,000 default values that do not fit",
        file(format!(
            "---\ninput: {{schema: {{x: integer}}, default: {{{}x: no}}}}\n---\n",
            numbered(9_000, |n| format!("k{n}: no, "))
        )),
    );
    add(
        "9,000 defaults, used",
        file(format!(
            "---\ninput: {{default: {{{}x: no}}}}\n---\n{{{{json this}}}}",
            numbered(9_900, |n| format!("k{n}: no, "))
        )),
    );
    add(
        "Picoschema of 9,000 fields",
        file(format!("---\ninput:\n  schema:\n{}---\n", numbered(9_000, |n| format!("    f{n}?: string\n")))),
    );
    add(
        "Picoschema of 9,000 wrong fields",
        file(format!("---\ninput:\n  schema:\n{}---\n", numbered(9_000, |n| format!("    f{n}: strin\n")))),
    );
    add(
        "Picoschema of fields declared twice",
        file(format!(
            "---\ninput:\n  schema:\n{}---\n",
            numbered(5_000, |n| format!("    f{n}: string\n    f{n}?: string\n"))
        )),
    );
    add(
        "Picoschema nested 30 deep",
        file(format!("---\ninput:\n  schema: {}string{}\n---\n", "{a(object): ".repeat(28), "}".repeat(28))),
    );
    add("Picoschema, one long type", file(format!("---\ninput:\n  schema:\n    x: {}\n---\n", "s".repeat(250 * KIB))));
    add("5,000 arguments", file(format!("---\narguments:\n{}---\n", numbered(9_000, |n| format!("- a{n}\n")))));
    add(
        "5,000 wrong arguments",
        file(format!("---\narguments:\n{}---\n", numbered(6_000, |n| format!("- {{name: a{n}, tpe: x}}\n")))),
    );
    add(
        "5,000 icons",
        file(format!("---\nicons:\n{}---\n", numbered(5_000, |n| format!("- {{src: \"https://x/{n}\"}}\n")))),
    );
    add(
        "5,000 wrong icons",
        file(format!("---\nicons:\n{}---\n", numbered(5_000, |n| format!("- {{src: \"http://x/{n}\"}}\n")))),
    );
    add(
        "5,000 sizes",
        file(format!("---\nicons:\n- src: https://x\n  sizes: [{}1]\n---\n", numbered(15_000, |n| format!("{n}x, ")))),
    );
    add("9,000 tags", file(format!("---\ntags: [{}x]\n---\n", numbered(15_000, |n| format!("t{n}, ")))));
    add("9,000 unknown keys", file(format!("---\n{}---\n", numbered(9_000, |n| format!("titl{n}: x\n")))));
    add("9,000 keys of extensions", file(format!("---\n{}---\n", numbered(9_000, |n| format!("a.b{n}: x\n")))));
    add("100,000 keys", file(format!("---\n{}---\n", numbered(40_000, |n| format!("{n:x}:\n")))));
    add("9,900 keys", file(format!("---\next:\n{}---\n", numbered(9_900, |n| format!("  {n:x}:\n")))));
    add(
        "9,000 problems on the last lines",
        file(format!("---\n{}title: [x]\n{}---\n", "#\n".repeat(100_000), numbered(5_000, |n| format!("k{n}: x\n")))),
    );
    add(
        "YAML: aliases that double",
        file(format!("---\na0: &a0 [x, x]\n{}---\n", numbered(30, |n| format!("a{0}: &a{0} [*a{n}, *a{n}]\n", n + 1)))),
    );
    add(
        "YAML: a text repeated by 9,000 aliases",
        file(format!("---\na: &a {}\nb: [{}x]\n---\n", "x".repeat(150 * KIB), "*a, ".repeat(9_000))),
    );
    add(
        "YAML: a text repeated by 6 aliases",
        file(format!("---\na: &a {}\nb: [{}x]\n---\n", "x".repeat(150 * KIB), "*a, ".repeat(5))),
    );
    add("YAML: 9,000 anchors", file(format!("---\n{}---\n", numbered(9_000, |n| format!("k{n}: &a{n} x\n")))));
    add("YAML: an alias within its anchor", file("---\na: &a [*a]\n---\n"));
    add(
        "YAML: merge keys",
        file(format!(
            "---\nm: &m {{{}z: 1}}\n{}---\n",
            numbered(400, |n| format!("k{n}: 1, ")),
            numbered(500, |n| format!("x{n}: {{<<: *m}}\n"))
        )),
    );
    add(
        "YAML: a merge key of merges",
        file(format!(
            "---\nm0: &m0 {{a: 1}}\n{}---\n",
            numbered(30, |n| format!("m{0}: &m{0} {{<<: [*m{n}, *m{n}]}}\n", n + 1))
        )),
    );
    for (what, open, close) in [
        ("lists", "[", "]"),
        ("maps", "{a: ", "}"),
        ("block lists", "- ", ""),
        ("keys", "{? ", "}"),
        ("keys of lists", "? [", "]"),
    ] {
        for depth in [20, 31, 32, 33, 500, 20_000] {
            add(
                &format!("YAML: {depth} {what}, nested"),
                file(format!("---\next:\n  a:\n    {}x{}\n---\n", open.repeat(depth), close.repeat(depth))),
            );
        }
    }
    add(
        "200 arguments of any name",
        with_arguments(
            "{{x}}",
            &(0..200)
                .map(|n| (Box::leak(format!("x{n}").into_boxed_str()) as &str, "y".to_owned()))
                .collect::<Vec<_>>(),
        ),
    );
    add(
        "more than 1 MiB of arguments",
        with_arguments(
            "{{a}}{{b}}{{c}}{{d}}{{e}}",
            &["a", "b", "c", "d", "e"].map(|name| (name, "x".repeat(256 * KIB))),
        ),
    );
    add(
        "arguments of other names",
        with_arguments(
            schema(
                &json!({ "additionalProperties": { "type": "array", "items": { "enum": (0..5_000).collect::<Vec<_>>() } }, "properties": {} }),
                "x",
            ),
            &(0..199)
                .map(|n| (Box::leak(format!("x{n}").into_boxed_str()) as &str, "4999,".repeat(1_000)))
                .collect::<Vec<_>>(),
        ),
    );
    bombs
}
