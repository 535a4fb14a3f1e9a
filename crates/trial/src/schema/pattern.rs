//! A string that a regular expression matches.
//!
//! Our own walk over the parsed expression (regex-syntax): a generator crate would bind the version of a random number
//! generator, and here every repetition has to stay within a schema's length bounds.

use std::ops::RangeInclusive;

use regex_syntax::hir::{Class, Hir, HirKind};

/// Repetitions beyond the least that are tried one by one of `*`, `+` and `{n,}`.
const REPETITIONS: u32 = 24;

/// Characters after which a string grows no more.
const LENGTH: usize = 4096;

/// A string matched by `pattern`, or `None` when the pattern is not a regular expression as regex-syntax knows it
/// (look-around and back-references of ECMA-262 are not).
pub(super) fn generate(pattern: &str, rng: &mut fastrand::Rng, min: usize, max: usize) -> Option<String> {
    // The parser bounds nesting (250) itself; the translated size is bounded by bounding the text.
    if pattern.len() > LENGTH {
        return None;
    }
    let hir = regex_syntax::ParserBuilder::new().build().parse(pattern).ok()?;
    // Longer and longer until the length bounds are met; a pattern they exclude has no such string.
    for extra in (0..REPETITIONS).chain([32, 64, 256, 1024]) {
        // Once with as many repetitions as chance gives, once with all of them.
        for least in [0, extra] {
            let mut text = String::new();
            write(&hir, rng, least..=extra, &mut text);
            if (min..=max).contains(&text.chars().count()) {
                return Some(text);
            }
        }
    }
    None
}

fn write(hir: &Hir, rng: &mut fastrand::Rng, extra: RangeInclusive<u32>, text: &mut String) {
    if text.len() > LENGTH {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(one_of(class, rng)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).max(repetition.min);
            let wanted = repetition.min.saturating_add(rng.u32(extra.clone())).min(most);
            for _ in 0..wanted.min(LENGTH as u32) {
                write(&repetition.sub, rng, extra.clone(), text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, rng, extra, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, rng, extra.clone(), text)),
        HirKind::Alternation(parts) => {
            if let Some(part) = rng.choice(parts) {
                write(part, rng, extra, text);
            }
        }
    }
}

/// A printable ASCII character of the class where it has one: what services are likeliest to agree about.
fn one_of(class: &Class, rng: &mut fastrand::Rng) -> Option<char> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.iter().map(|range| (range.start() as u32, range.end() as u32)).collect()
        }
        Class::Bytes(class) => {
            class.iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
        }
    };
    let wanted = [(0x61, 0x7a), (0x30, 0x39), (0x41, 0x5a), (0x21, 0x7e)];
    let familiar = wanted.iter().flat_map(|(low, high)| {
        ranges
            .iter()
            .map(move |(start, end)| (*start.max(low), *end.min(high)))
            .filter(|(start, end)| start <= end)
    });
    let familiar: Vec<_> = familiar.collect();
    let (start, end) = *rng.choice(&familiar).or_else(|| ranges.first())?;
    char::from_u32(rng.u32(start..=end)).or_else(|| char::from_u32(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_matches() {
        let mut rng = fastrand::Rng::with_seed(7);
        for pattern in [
            r"^[A-Z]{3}-\d{4}$",
            r"^\+?[1-9]\d{1,14}$",
            r"(foo|bar)+baz?",
            r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
            r"\w+",
            r"^[\p{L}]{2,5}$",
            r"^(?:[01]\d|2[0-3]):[0-5]\d$",
            r".",
            r"^$",
        ] {
            let matcher = regex::Regex::new(pattern).unwrap();
            for _ in 0..50 {
                let text = generate(pattern, &mut rng, 0, 200).unwrap();
                assert!(matcher.is_match(&text), "{pattern} does not match {text:?}");
            }
        }
    }

    #[test]
    fn lengths_are_kept_and_what_cannot_be_is_none() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..50 {
            let text = generate("^[a-z]+$", &mut rng, 5, 20).unwrap();
            assert!((5..=20).contains(&text.len()), "{text}");
        }
        assert_eq!(generate("^a$", &mut rng, 5, 20), None);
        assert_eq!(generate("(?=x)y", &mut rng, 0, 20), None);
        assert_eq!(generate("(", &mut rng, 0, 20), None);
        assert_eq!(generate("(a{100}){100}{100}{100}", &mut rng, 0, 20), None);
    }
}
