//! Keys of other programs: in front matter, and of helpers.

/// Our key for what another program names `key`, if it is one of the helper's own keys `known`.
pub(super) fn helper_key(key: &str, known: &[&str]) -> Option<&'static str> {
    let ours = match key {
        "mime" | "mimeType" | "mime_type" | "type" | "mediaType" => "contentType",
        "href" | "src" | "uri" | "path" | "file" => "url",
        "spaces" => "indent",
        _ => return None,
    };
    known.contains(&ours).then_some(ours)
}

/// Which program defines a key of front matter, or how Dotprompt writes it.
pub(super) fn of_front_matter(key: &str) -> Option<&'static str> {
    Some(match key {
        "mode" | "agent" | "applyTo" | "excludeAgent" => "it is VS Code's key and has no effect here",
        "allowed-tools" | "argument-hint" | "disable-model-invocation" | "user-invocable" | "hooks" => {
            "it is Claude Code's key and has no effect here"
        }
        "globs" | "alwaysApply" => "it is Cursor's key and has no effect here",
        "invokable" => "it is Continue's key and has no effect here",
        "authors" | "sample" => "it is Prompty's key and has no effect here",
        "labels" => "it is Langfuse's key: write `tags`",
        "_type" | "template_format" | "validate_template" => "it is LangChain's key and has no effect here",
        "modelParameters" | "responseFormat" | "testData" | "evaluators" => {
            "it is GitHub Models' key and has no effect here"
        }
        "layout" | "permalink" | "sidebar_label" => "it is a site generator's key and has no effect here",
        "inputs" | "input_variables" | "variables" | "parameters" | "params" | "args" | "argument" | "placeholders" => {
            "write `arguments`, a list of `name`, `description`, `required`, or `input.schema`"
        }
        "outputs" => "write `output`",
        "keywords" | "categories" | "category" => "write `tags`",
        "summary" | "about" => "write `description`",
        "temperature" | "max_tokens" | "maxTokens" | "maxOutputTokens" | "topP" | "top_p" | "topK" | "top_k"
        | "stopSequences" | "stop" => "write it below `config`; it has no effect here",
        "system" | "system_prompt" | "messages" | "role" | "roles" => "write {{role \"system\"}} in the template",
        "prompt" | "template" | "content" | "body" => "write the template after the second line of ---",
        "partials" | "includes" | "include" => "write {{> name}} in the template",
        "default" | "defaults" => "write `input.default`",
        "schema" => "write `input.schema`",
        _ => return None,
    })
}
