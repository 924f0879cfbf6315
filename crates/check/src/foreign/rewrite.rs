//! Tags that are not Handlebars, rewritten as Handlebars.

use dotprompt::tree::is_helper;

/// The hint for a tag whose text is not an expression.
pub(super) fn hint(inside: &str) -> String {
    if let Some(tag) = rewritten(inside) {
        return format!("write {tag}");
    }
    let has = |signs: &[&str]| signs.iter().any(|sign| inside.contains(sign));
    let text = if has(&["==", "!="]) {
        "Handlebars compares with {{#ifEquals a b}} … {{/ifEquals}}"
    } else if has(&["&&", "||", " and ", " or ", "!", " ? ", ">", "<"]) {
        "Handlebars has no operators: nest {{#if}} and {{#unless}}"
    } else if has(&["|"]) {
        "Handlebars has no filters"
    } else if inside.is_empty() {
        "name a variable between the braces; a literal {{ is written \\{{"
    } else {
        "a literal {{ is written \\{{"
    };
    text.to_owned()
}

/// `items[0]`, `user->name`, `<topic>`, `role = "user"` and `#each xs |x|` as Handlebars.
fn rewritten(inside: &str) -> Option<String> {
    let value = inside.trim();
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if let Some((name, key)) = value.split_once('[')
        && let Some(key) = key.strip_suffix(']')
        && is_name(name)
    {
        let key = key.trim_matches(['"', '\'']);
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        return match is_name(key) && !is_number {
            true => Some(format!("{{{{{name}.{key}}}}}")),
            false => Some(format!("{{{{{name}.[{key}]}}}}")),
        };
    }
    if let Some((object, field)) = value.split_once("->")
        && is_name(object)
        && is_name(field)
    {
        return Some(format!("{{{{{object}.{field}}}}}"));
    }
    if let Some(name) = value.strip_prefix('<').and_then(|name| name.strip_suffix('>'))
        && is_name(name)
    {
        return Some(format!("{{{{{name}}}}}"));
    }
    if let Some((helper, value)) = value.split_once(" = ")
        && is_helper(helper)
    {
        return Some(format!("{{{{{helper} {value}}}}}"));
    }
    let (head, names) = value.strip_suffix('|')?.split_once('|')?;
    let names = names.replace(',', " ");
    let names: Vec<&str> = names.split_whitespace().filter(|name| is_name(name)).collect();
    let head = head.trim().trim_end_matches(" as").trim();
    (!names.is_empty()).then(|| format!("{{{{#{head} as |{}|}}}}", names.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn a_tag_of_another_language_is_rewritten() {
        for (inside, expected) in [
            ("#if a == b", "Handlebars compares with {{#ifEquals a b}} … {{/ifEquals}}"),
            ("a || b", "Handlebars has no operators: nest {{#if}} and {{#unless}}"),
            ("items[0]", "write {{items.[0]}}"),
            ("user[\"name\"]", "write {{user.name}}"),
            ("user->name", "write {{user.name}}"),
            ("<topic>", "write {{topic}}"),
            ("role = \"user\"", "write {{role \"user\"}}"),
            ("each xs as |x, i|", "write {{#each xs as |x i|}}"),
            ("each xs |x|", "write {{#each xs as |x|}}"),
        ] {
            assert_eq!(hint(inside), expected, "{inside}");
        }
    }
}
