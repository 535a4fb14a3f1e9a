//! Which harm a text can still do when it has passed a regular expression: read off the letters that the expression admits.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::risk::{Risk, Risks};

/// ASCII characters that a text may hold, and whether it may hold others.
#[derive(Debug, Clone, Copy, Default)]
struct Letters {
    ascii: u128,
    others: bool,
}

impl Letters {
    fn add(&mut self, from: u32, to: u32) {
        self.others |= to > 127;
        for letter in from..=to.min(127) {
            self.ascii |= 1 << letter;
        }
    }

    fn lacks(self, letters: &str) -> bool {
        letters.bytes().all(|letter| self.ascii & (1 << letter) == 0)
    }
}

/// What a text cannot do harm in after it has matched the pattern; `whole` when the match is of the whole text anyway.
pub(super) fn excluded(pattern: &str, whole: bool) -> Risks {
    let Ok(hir) = regex_syntax::parse(pattern) else { return Risks::NONE };
    let looks = hir.properties();
    let start = whole || looks.look_set_prefix().contains(Look::Start);
    let end = whole || looks.look_set_suffix().contains(Look::End);
    let fixed = if start { super::outside::fixed_by(&beginning(&hir)) } else { Risks::NONE };
    if !start || !end {
        return fixed;
    }
    let mut letters = Letters::default();
    collect(&hir, &mut letters);
    fixed.with(harmless(letters))
}

/// What a text of which only these characters are left (`a-z0-9_`, as inside brackets) cannot do harm in.
pub(super) fn excluded_by_class(kept: &str) -> Risks {
    excluded(&format!("^[{kept}]*$"), true)
}

fn harmless(letters: Letters) -> Risks {
    let tests: [(&[Risk], &str); 8] = [
        (&[Risk::Query], "'\"`; \t\n("),
        (&[Risk::Command], " \t\n;|&$`<>(){}\\'\"*?~#"),
        (&[Risk::Path], "/\\"),
        (&[Risk::Markup, Risk::Entities], "<\"'"),
        (&[Risk::Log], "\n\r"),
        (&[Risk::Request, Risk::Redirect], ":/\\"),
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
    risks
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
        let word = excluded(r"^\w+$", false);
        assert!(
            [Risk::Query, Risk::Command, Risk::Path, Risk::Markup, Risk::Log]
                .iter()
                .all(|risk| word.has(*risk))
        );
        let open = excluded(r"\w+", false);
        assert!(open.is_empty(), "something stands before or behind");
        let any = excluded(r"^.*$", false);
        assert!(!any.has(Risk::Query) && !any.has(Risk::Log), "a dot admits a carriage return");
        assert!(!excluded(r"^[\w./-]+$", false).has(Risk::Path));
        assert!(excluded(r"[a-z]+", true).has(Risk::Path));
        assert!(excluded(r"^https://example\.com/", false).has(Risk::Request));
        assert!(!excluded(r"^https://example\.com", false).has(Risk::Request), "example.com.evil.test");
        assert!(excluded_by_class("a-zA-Z0-9_").has(Risk::Query));
        assert!(excluded("(", false).is_empty(), "what is no pattern tells nothing");
    }
}
