//! The languages in which users' rules are matched: tree-sitter's grammars, and how a pattern is written in each.
//!
//! `$` is no letter of a name in Python, Rust and Go, so that a pattern's `$NAME` is parsed as `µNAME` there, as ast-grep does it.

use std::borrow::Cow;

use ast_grep_core::Language;
use ast_grep_core::matcher::{Pattern, PatternBuilder, PatternError};
use ast_grep_core::tree_sitter::{LanguageExt, StrDoc, TSLanguage};
use serde::de::{Deserialize, Deserializer, Error as _};

/// A language in which rules are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grammar {
    /// `.go`
    Go,
    /// `.java`
    Java,
    /// `.js`, `.mjs`, `.cjs`, `.jsx`
    JavaScript,
    /// `.py`, `.pyi`
    Python,
    /// `.rs`
    Rust,
    /// `.tsx`
    Tsx,
    /// `.ts`, `.mts`, `.cts`
    TypeScript,
}

impl Grammar {
    /// All of them.
    pub(super) const ALL: [Self; 7] =
        [Self::Go, Self::Java, Self::JavaScript, Self::Python, Self::Rust, Self::Tsx, Self::TypeScript];

    /// As a rule's `language` writes it; ast-grep's other names for it follow.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Go => &["Go", "golang"],
            Self::Java => &["Java"],
            Self::JavaScript => &["JavaScript", "js", "jsx"],
            Self::Python => &["Python", "py"],
            Self::Rust => &["Rust", "rs"],
            Self::Tsx => &["Tsx"],
            Self::TypeScript => &["TypeScript", "ts"],
        }
    }

    /// The grammar of a path, by its ending.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        Some(match ending {
            "go" => Self::Go,
            "java" => Self::Java,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "py" | "pyi" => Self::Python,
            "rs" => Self::Rust,
            "tsx" => Self::Tsx,
            "ts" | "mts" | "cts" => Self::TypeScript,
            _ => return None,
        })
    }

    fn language(self) -> TSLanguage {
        match self {
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        }
    }
}

impl Language for Grammar {
    fn expando_char(&self) -> char {
        match self {
            Self::Go | Self::Python | Self::Rust => 'µ',
            Self::Java | Self::JavaScript | Self::Tsx | Self::TypeScript => '$',
        }
    }

    fn pre_process_pattern<'q>(&self, query: &'q str) -> Cow<'q, str> {
        match self.expando_char() {
            '$' => Cow::Borrowed(query),
            sign => Cow::Owned(with_sign(sign, query)),
        }
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        self.language().id_for_node_kind(kind, true)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        self.language().field_id_for_name(field).map(|id| id.get())
    }

    fn build_pattern(&self, builder: &PatternBuilder<'_>) -> Result<Pattern, PatternError> {
        builder.build(|source| StrDoc::try_new(source, *self))
    }
}

impl LanguageExt for Grammar {
    fn get_ts_language(&self) -> TSLanguage {
        self.language()
    }
}

/// `$NAME`, `$$NAME`, `$$$NAME` and a bare `$$$` with another sign; any other `$` stays.
fn with_sign(sign: char, query: &str) -> String {
    let mut text = String::with_capacity(query.len() + 8);
    let mut dollars = 0;
    for c in query.chars() {
        if c == '$' {
            dollars += 1;
            continue;
        }
        let is_variable = matches!(c, 'A'..='Z' | '_') || dollars == 3;
        text.extend(std::iter::repeat_n(if is_variable { sign } else { '$' }, dollars));
        dollars = 0;
        text.push(c);
    }
    text.extend(std::iter::repeat_n(if dollars == 3 { sign } else { '$' }, dollars));
    text
}

impl<'de> Deserialize<'de> for Grammar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = |grammar: &Self| grammar.names().iter().any(|known| known.eq_ignore_ascii_case(&name));
        Self::ALL.into_iter().find(known).ok_or_else(|| {
            let all: Vec<&str> =
                Self::ALL.iter().filter_map(|grammar| grammar.names().first().copied()).collect();
            D::Error::custom(format!("`{name}` is no language that rules are matched in: {}", all.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grammar_fits_the_parser_and_reads_a_pattern() {
        for grammar in Grammar::ALL {
            let call = StrDoc::try_new("f(1)", grammar).map(drop);
            assert_eq!(call, Ok(()), "{grammar:?}");
            assert!(Pattern::try_new("f($A)", grammar).is_ok(), "{grammar:?}");
        }
    }

    #[test]
    fn only_what_is_a_variable_gets_another_sign() {
        assert_eq!(with_sign('µ', "f($A, $$$, $$$ARGS, '$5', $$)"), "f(µA, µµµ, µµµARGS, '$5', $$)");
    }
}
