//! What a template prints, as a way from what it is given: `post.comments[0].text`.

/// One step from a value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The part of this name.
    Field(String),
    /// Any one of what a list holds.
    Each,
    /// Any one of what a list holds, and of anything else itself: a section of Mustache.
    Inside,
}

/// Steps, the first of which names something that the template is given.
pub(crate) type AccessPath = Vec<Step>;

/// The place that an expression names: names with dots, and items by a number or a text. `None` for anything else.
pub(super) fn parse(expression: &str) -> Option<AccessPath> {
    let mut place = Vec::new();
    let mut rest = expression.trim();
    let (first, after) = name(rest)?;
    place.push(Step::Field(first.to_owned()));
    rest = after;
    while !rest.is_empty() {
        let member = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.'));
        if let Some(member) = member.filter(|member| !member.starts_with('[')) {
            // `items.0.name` of Django.
            let digits = member.len() - member.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits > 0 {
                place.push(Step::Each);
                rest = member.get(digits..)?;
                continue;
            }
            let (field, after) = name(member)?;
            place.push(Step::Field(field.to_owned()));
            rest = after;
            continue;
        }
        let (index, after) = member.unwrap_or(rest).strip_prefix('[')?.split_once(']')?;
        let index = index.trim();
        let key = ['"', '\''].iter().find_map(|quote| index.strip_prefix(*quote)?.strip_suffix(*quote));
        match key {
            Some(key) => place.push(Step::Field(key.to_owned())),
            None if index.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => place.push(Step::Each),
            None => return None,
        }
        rest = after;
    }
    Some(place)
}

/// The name at the beginning of a text, and what follows it.
pub(super) fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some((name, rest))
}

/// The parts of a text between a separator, outside of quotes and brackets.
pub(super) fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut parts, mut begin, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _)
                if depth == 0
                    && at >= skip_to
                    && text.get(at..).is_some_and(|rest| rest.starts_with(separator)) =>
            {
                parts.extend(text.get(begin..at));
                begin = at + separator.len();
                skip_to = begin;
            }
            _ => {}
        }
    }
    parts.extend(text.get(begin..));
    parts
}
