//! Which harm a text can still do when it has passed a regular expression: read off the letters that the expression admits.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::known::Known;
use super::risk::{Risk, Risks};
use super::value::{Beside, Shape};
use crate::facts::syntax::Text;

/// A flag that is not understood: what the expression admits is then not known.
pub(super) const STRANGE: char = '?';

/// A compiled expression, as a value.
pub(super) fn compiled<'a>(pattern: &str, flags: &str) -> Shape<'a> {
    Shape::Name(Text::from(format!("regex:{flags}:{pattern}")))
}

/// The expression that a value is: (pattern, flags).
pub(super) fn read<'s>(shape: &'s Shape<'_>) -> Option<(&'s str, &'s str)> {
    let Shape::Name(name) = shape else { return None };
    let (flags, pattern) = name.strip_prefix("regex:")?.split_once(':')?;
    Some((pattern, flags))
}

/// ASCII characters that a text may hold, and whether it may hold others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Letters {
    pub(super) ascii: u128,
    pub(super) others: bool,
}

impl Letters {
    pub(super) fn add(&mut self, from: u32, to: u32) {
        self.others |= to > 127;
        for letter in from..=to.min(127) {
            self.ascii |= 1 << letter;
        }
    }

    fn lacks(self, letters: &str) -> bool {
        letters.bytes().all(|letter| self.ascii & (1 << letter) == 0)
    }

    fn has(self, letter: u8) -> bool {
        self.ascii & (1 << letter) != 0
    }
}

/// The expression as it is meant with its flags; `None` where that is not known.
fn parsed(pattern: &str, flags: &str) -> Option<Hir> {
    const HARMLESS: &str = "gyduaimsx";
    if flags.chars().any(|flag| !HARMLESS.contains(flag)) {
        return None;
    }
    // The end of the text alone, as Python writes it.
    let pattern = pattern.replace("\\Z", "\\z");
    let meant: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
    let written = if meant.is_empty() { pattern } else { format!("(?{meant}){pattern}") };
    regex_syntax::parse(&written).ok()
}

/// What a text cannot do harm in after it has matched the pattern; `whole` when the match is of the whole text anyway.
pub(super) fn excluded(pattern: &str, flags: &str, whole: bool) -> Known {
    if is_rooted(pattern) {
        return Known::without(Risks::of(&[Risk::Redirect]));
    }
    let Some(hir) = parsed(pattern, flags) else { return Known::default() };
    let looks = hir.properties();
    let start = whole || looks.look_set_prefix().contains(Look::Start);
    let end = whole || looks.look_set_suffix().contains(Look::End);
    let fixed = if start { super::outside::fixed_by(&beginning(&hir)) } else { Risks::NONE };
    if !start || !end {
        return Known::without(fixed);
    }
    let mut letters = Letters::default();
    collect(&hir, &mut letters);
    Known::without(fixed).with(harmless(letters))
}

/// Whether an expression asks for a slash at the beginning and for no second one, nor for a backslash, which a browser takes for one:
/// `^\/(?![\/\\])`.
fn is_rooted(pattern: &str) -> bool {
    let ahead = pattern.strip_prefix('^').map(|rest| rest.strip_prefix('\\').unwrap_or(rest));
    let refused = ahead.and_then(|rest| rest.strip_prefix("/(?!")?.split_once(')'));
    let letters = refused.and_then(|(inner, _)| single(&parsed(inner, "")?));
    letters.is_some_and(|letters| letters.has(b'/') && letters.has(b'\\'))
}

/// What the part of a text that matches cannot do harm in, wherever in the text it is.
pub(super) fn of_match(pattern: &str, flags: &str) -> Known {
    let Some(hir) = parsed(pattern, flags) else { return Known::default() };
    let mut letters = Letters::default();
    collect(&hir, &mut letters);
    harmless(letters)
}

/// What a text cannot do harm in when everything that matches has been taken out of it.
pub(super) fn taken_out(pattern: &str, flags: &str) -> Known {
    let Some(hir) = parsed(pattern, flags) else { return Known::default() };
    let Some(removed) = single(&hir) else { return Known::default() };
    let left = Letters { ascii: !removed.ascii, others: true };
    let mut known = harmless(left);
    for (letter, risk) in
        [(b'<', Risk::Markup), (b'\n', Risk::Log), (b'\'', Risk::Selector), (b'"', Risk::Selector)]
    {
        if removed.has(letter) {
            known = known.with(Known::without(Risks::of(&[risk])));
        }
    }
    known
}

/// The letters of an expression that matches one letter, or one and more of them.
fn single(hir: &Hir) -> Option<Letters> {
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min <= 1 && repetition.max.is_none() => {
            single(&repetition.sub)
        }
        HirKind::Capture(capture) => single(&capture.sub),
        HirKind::Literal(literal) if literal.0.len() == 1 => {
            let mut letters = Letters::default();
            collect(hir, &mut letters);
            Some(letters)
        }
        HirKind::Class(_) => {
            let mut letters = Letters::default();
            collect(hir, &mut letters);
            Some(letters)
        }
        HirKind::Alternation(parts) => {
            let mut all = Letters::default();
            for part in parts {
                // Longer parts take out more.
                if let Some(letters) = single(part) {
                    all.ascii |= letters.ascii;
                }
            }
            Some(all)
        }
        _ => None,
    }
}

/// What a text of these letters alone cannot do harm in.
pub(super) fn harmless(letters: Letters) -> Known {
    let tests: [(&[Risk], &str); 8] = [
        (&[Risk::Query], "'\"`; \t\n("),
        (&[Risk::Command], " \t\n;|&$`<>(){}\\'\"*?~#"),
        (&[Risk::Path], "/\\"),
        (&[Risk::Markup, Risk::Entities], "<\"'"),
        (&[Risk::Log], "\n\r"),
        (&[Risk::Redirect], ":/\\"),
        (&[Risk::Directory], "()*\\|&"),
        (&[Risk::Selector], "'\"[]()/|@"),
    ];
    let mut risks = Risks::NONE;
    for (harm, letters_of_harm) in tests {
        if letters.lacks(letters_of_harm) {
            risks = risks.with(Risks::of(harm));
        }
    }
    if letters.lacks("(){}[]'\"`.") {
        risks = risks.with(Risks::of(&[Risk::Code]));
    }
    if letters.lacks("(*+{?[") {
        risks = risks.with(Risks::of(&[Risk::Pattern]));
    }
    // Of letters alone a name of a host can be made, too: https://www.rfc-editor.org/rfc/rfc1123#section-2.1
    let mut marks = Beside::default();
    if letters.lacks(":/\\@") {
        marks = Beside(marks.0 | Beside::WORD.0);
    }
    if letters.lacks(".") {
        marks = Beside(marks.0 | Beside::STEADY.0);
    }
    Known { risks, marks }
}

fn collect(hir: &Hir, letters: &mut Letters) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            literal.0.iter().for_each(|byte| letters.add(u32::from(*byte), u32::from(*byte)))
        }
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().for_each(|range| letters.add(u32::from(range.start()), u32::from(range.end())));
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().for_each(|range| letters.add(u32::from(range.start()), u32::from(range.end())));
        }
        HirKind::Repetition(repetition) => collect(&repetition.sub, letters),
        HirKind::Capture(capture) => collect(&capture.sub, letters),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| collect(part, letters))
        }
    }
}

/// The text that everything that matches begins with.
fn beginning(hir: &Hir) -> String {
    let mut text = String::new();
    let parts: &[Hir] = match hir.kind() {
        HirKind::Concat(parts) => parts,
        _ => std::slice::from_ref(hir),
    };
    for part in parts {
        match part.kind() {
            HirKind::Look(_) => {}
            HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
            _ => break,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_do_no_harm_are_told_from_those_that_do() {
        let word = excluded(r"^\w+$", "", false).risks;
        assert!(
            [Risk::Query, Risk::Command, Risk::Path, Risk::Markup, Risk::Log]
                .iter()
                .all(|risk| word.has(*risk))
        );
        assert!(!word.has(Risk::Request), "localhost is a word");
        let open = excluded(r"\w+", "", false);
        assert!(open.is_empty(), "something stands before or behind");
        let any = excluded(r"^.*$", "", false).risks;
        assert!(!any.has(Risk::Query) && !any.has(Risk::Log), "a dot admits a carriage return");
        assert!(!excluded(r"^[\w./-]+$", "", false).risks.has(Risk::Path));
        assert!(excluded(r"[a-z]+", "", true).risks.has(Risk::Path));
        assert!(excluded(r"^https://example\.com/", "", false).risks.has(Risk::Request));
        assert!(
            !excluded(r"^https://example\.com", "", false).risks.has(Risk::Request),
            "example.com.evil.test"
        );
        assert!(taken_out("[^a-zA-Z0-9_]", "").risks.has(Risk::Query));
        assert!(taken_out("[<>&]", "").risks.has(Risk::Markup));
        assert!(!taken_out("<!-- NAME -->", "").risks.has(Risk::Markup), "one comment is not every bracket");
        assert!(excluded(r"^[a-z0-9]+$", "m", false).is_empty(), "every line has its own beginning and end");
        assert!(excluded(r"^[a-z0-9]+$", "?", false).is_empty(), "a flag that nobody knows");
        assert!(excluded(r"^[a-z0-9]+\Z", "i", false).risks.has(Risk::Command));
        assert!(excluded("(", "", false).is_empty(), "what is no pattern tells nothing");
    }
}
