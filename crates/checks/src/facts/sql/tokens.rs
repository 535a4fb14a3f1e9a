//! SQL in pieces: words, values and marks, without comments.

use super::HOLE;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name, in lower case.
    Word(String),
    /// A literal or a parameter.
    Value,
    /// A number, as written.
    Number(String),
    /// What the program puts there.
    Hole,
    /// Anything else.
    Mark(char),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it stands for a value: a literal, a parameter, what the program puts there.
    pub(super) fn is_value(&self) -> bool {
        matches!(self, Self::Value | Self::Number(_) | Self::Hole)
    }
}

/// The pieces of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            c if c.is_whitespace() => {}
            '-' if rest.peek() == Some(&'-') => while rest.next_if(|c| *c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => {
                let mut before = ' ';
                for c in rest.by_ref() {
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            '\'' => {
                while rest.next_if(|c| *c != '\'').is_some() {}
                rest.next();
                found.push(Token::Value);
            }
            '"' | '`' | '[' => {
                let end = if first == '[' { ']' } else { first };
                let mut word = String::new();
                while let Some(c) = rest.next_if(|c| *c != end) {
                    word.push(c);
                }
                rest.next();
                let hole = word.contains(HOLE);
                found.push(if hole { Token::Hole } else { Token::Word(word.to_lowercase()) });
            }
            HOLE => found.push(Token::Hole),
            // `?`, `?1`, `$1`, `:name`, `@name`, `%s`, `%(name)s`.
            '?' | '$' | ':' | '@' | '%' => {
                let parameter = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '(' | ')');
                let named = first == '?'
                    || rest.peek().is_some_and(|c| c.is_alphanumeric() || *c == '_' || *c == '(');
                let limit =
                    |c: &char| if first == '%' { parameter(c) } else { c.is_alphanumeric() || *c == '_' };
                if named {
                    while rest.next_if(limit).is_some() {}
                }
                found.push(if named { Token::Value } else { Token::Mark(first) });
            }
            c if c.is_ascii_digit() => {
                let mut number = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '.') {
                    number.push(c);
                }
                found.push(Token::Number(number));
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut word = c.to_lowercase().to_string();
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.extend(c.to_lowercase());
                }
                // `user_{name}`: a name that is not known.
                let hole = rest.next_if_eq(&HOLE).is_some();
                found.push(if hole { Token::Hole } else { Token::Word(word) });
            }
            mark => found.push(Token::Mark(mark)),
        }
    }
    found
}
