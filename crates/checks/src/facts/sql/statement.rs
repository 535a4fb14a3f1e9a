//! What one statement does, to which table, under which conditions.

use super::tokens::Token;

/// Functions of databases that take a lock of a name or number: until the transaction ends, or until it is given back.
pub(super) const ADVISORY: &[&str] = &["pg_advisory_xact_lock", "pg_advisory_lock", "get_lock"];

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `SELECT`, and `WITH .. SELECT`.
    Select,
    /// `INSERT INTO`, `REPLACE INTO`.
    Insert,
    /// `UPDATE .. SET`.
    Update,
    /// `DELETE FROM`.
    Delete,
    /// `CREATE TABLE`.
    CreateTable,
    /// `CREATE UNIQUE INDEX`.
    CreateUniqueIndex,
    /// `BEGIN`, `START TRANSACTION`, `SAVEPOINT`.
    Begin,
    /// `COMMIT`, `END`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// `PRAGMA`.
    Pragma,
    /// Something else.
    Other,
}

/// How many rows a statement gives at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// As many as there are.
    No,
    /// This many.
    Rows(u64),
    /// As many as a value says.
    Given,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it does.
    pub verb: Verb,
    /// The table it is about, in lower case, without its schema; absent when the program puts the name in.
    pub table: Option<String>,
    tokens: Vec<Token>,
}

impl Statement {
    /// Reads one statement.
    pub(super) fn of(tokens: &[Token]) -> Self {
        let word = |at: usize| tokens.get(at).and_then(Token::word).unwrap_or_default();
        let begin = tokens.iter().position(|token| *token != Token::Mark('(')).unwrap_or(0);
        let verb = match (word(begin), word(begin + 1)) {
            ("select", _) => Verb::Select,
            ("with", _) => with_verb(tokens),
            ("insert", _) | ("replace", "into") => Verb::Insert,
            ("update", _) => Verb::Update,
            ("delete", "from") => Verb::Delete,
            ("create", "unique") => Verb::CreateUniqueIndex,
            ("create", _) if tokens.iter().take(4).any(|token| token.is("table")) => Verb::CreateTable,
            ("begin" | "savepoint", _) | ("start", "transaction") => Verb::Begin,
            ("commit" | "end", _) => Verb::Commit,
            ("rollback", _) => Verb::Rollback,
            ("pragma", _) => Verb::Pragma,
            _ => Verb::Other,
        };
        Self { verb, table: table_of(verb, tokens), tokens: tokens.to_vec() }
    }

    /// Whether it changes rows.
    pub fn is_write(&self) -> bool {
        matches!(self.verb, Verb::Insert | Verb::Update | Verb::Delete)
    }

    /// Whether it waits for a lock and holds it until the transaction ends or it is given back: `FOR UPDATE`, `pg_advisory_xact_lock(..)`,
    /// `LOCK TABLE`.
    pub fn takes_lock(&self) -> bool {
        self.tokens.first().is_some_and(|token| token.is("lock"))
            || ADVISORY.iter().any(|word| self.has(word))
            || self.has_words(&["for", "update"])
    }

    /// Whether what it reads has this column: it is named before `FROM`, or all are asked for.
    pub fn selects(&self, column: &str) -> bool {
        let end = outer_from(&self.tokens).unwrap_or(self.tokens.len());
        let selected = self.tokens.get(..end).unwrap_or_default();
        let mut before = &Token::Mark(' ');
        selected.iter().any(|token| {
            // `COUNT(*)` is no column.
            let all = *token == Token::Mark('*') && *before != Token::Mark('(') || *token == Token::Hole;
            before = token;
            all || token.is(column)
        })
    }

    /// The column at a place of what it reads, under the name that it has there; `None` for what is no column.
    pub fn column_at(&self, place: usize) -> Option<&str> {
        let from = outer_from(&self.tokens)?;
        let start = self.tokens.iter().position(|token| token.is("select"))? + 1;
        let mut depth = 0_i32;
        let mut parts = self.tokens.get(start..from)?.split(|token| {
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                _ => {}
            }
            depth == 0 && *token == Token::Mark(',')
        });
        parts.nth(place)?.last()?.word()
    }

    /// The column whose greatest value it asks for: `MAX(number)`.
    pub fn greatest(&self) -> Option<&str> {
        let mut parts = self.tokens.windows(3);
        parts
            .find(|three| three[0].is("max") && three[1] == Token::Mark('('))
            .and_then(|three| three[2].word())
    }

    /// Whether it sets a column that it compares as well: who comes second finds no row any more (`SET rev = ? .. AND rev = ?`).
    pub fn sets_what_it_compares(&self) -> bool {
        let compared = self.equal_columns();
        let relative = self.relative_columns();
        self.set_columns().iter().any(|column| compared.contains(column) && !relative.contains(column))
    }

    /// Whether one of its words is this one.
    pub fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.is(word))
    }

    /// Whether these words follow each other somewhere.
    pub fn has_words(&self, words: &[&str]) -> bool {
        self.tokens
            .windows(words.len().max(1))
            .any(|window| window.iter().zip(words).all(|(token, word)| token.is(word)))
    }

    /// The tables that its foreign keys point at, for what makes or alters a table.
    pub fn references(&self) -> Vec<&str> {
        if !matches!(self.verb, Verb::CreateTable | Verb::Other) {
            return Vec::new();
        }
        self.tokens
            .windows(2)
            .filter(|pair| pair[0].is("references"))
            .filter_map(|pair| pair[1].word())
            .collect()
    }

    /// Whether it turns something on or off by name: `PRAGMA name = value`; gives whether the value is on.
    pub fn pragma(&self, name: &str) -> Option<bool> {
        let named = self.verb == Verb::Pragma && self.has(name);
        let value = named.then(|| self.tokens.iter().rfind(|token| **token != Token::Mark(')')))??;
        match value {
            Token::Word(word) => match word.as_str() {
                "on" | "yes" | "true" => Some(true),
                "off" | "no" | "false" => Some(false),
                _ => None,
            },
            Token::Number(number) => Some(number != "0"),
            Token::Value | Token::Hole => Some(true),
            Token::Mark(_) => None,
        }
    }

    /// The columns that `WHERE` compares for equality with a value.
    pub fn equal_columns(&self) -> Vec<&str> {
        let Some(start) = self.tokens.iter().position(|token| token.is("where")) else { return Vec::new() };
        self.compared(start, '=')
    }

    /// The columns that `WHERE` compares in any way with a value: `stock >= ?`, `used_at IS NULL`, `status = 'open'`.
    pub fn condition_columns(&self) -> Vec<&str> {
        let Some(start) = self.tokens.iter().position(|token| token.is("where")) else { return Vec::new() };
        let after = self.tokens.get(start..).unwrap_or_default();
        after
            .windows(2)
            .filter(|pair| {
                matches!(pair[1], Token::Mark('=' | '<' | '>' | '!'))
                    || pair[1].is("is")
                    || pair[1].is("in")
                    || pair[1].is("not")
            })
            .filter_map(|pair| pair[0].word())
            .filter(|word| !matches!(*word, "and" | "or" | "not" | "where"))
            .collect()
    }

    fn compared(&self, start: usize, mark: char) -> Vec<&str> {
        let after = self.tokens.get(start..).unwrap_or_default();
        after
            .windows(3)
            .filter(|three| three[1] == Token::Mark(mark) && three[2].is_value())
            .filter_map(|three| three[0].word())
            .collect()
    }

    /// The columns that `UPDATE .. SET` gives a value.
    pub fn set_columns(&self) -> Vec<&str> {
        let Some(start) = self.tokens.iter().position(|token| token.is("set")) else { return Vec::new() };
        let end = self.tokens.iter().position(|token| token.is("where")).unwrap_or(self.tokens.len());
        let part = self.tokens.get(start..end.max(start)).unwrap_or_default();
        part.windows(2).filter(|pair| pair[1] == Token::Mark('=')).filter_map(|pair| pair[0].word()).collect()
    }

    /// The columns that are set from their own value: `stock = stock - ?`.
    pub fn relative_columns(&self) -> Vec<&str> {
        let own = |three: &[Token]| {
            three[1] == Token::Mark('=') && three[0].word().is_some() && three[0] == three[2]
        };
        self.tokens.windows(3).filter(|three| own(three)).filter_map(|three| three[0].word()).collect()
    }

    /// The columns from which something is taken: `stock = stock - ?`.
    pub fn taken_columns(&self) -> Vec<&str> {
        let taken = |four: &&[Token]| {
            four[1] == Token::Mark('=')
                && four[0].word().is_some()
                && four[0] == four[2]
                && four[3] == Token::Mark('-')
        };
        self.tokens.windows(4).filter(taken).filter_map(|four| four[0].word()).collect()
    }

    /// The lists of columns that may not occur twice: of `UNIQUE`, `PRIMARY KEY` and unique indexes, in their order.
    pub fn unique_columns(&self) -> Vec<Vec<&str>> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let is_key = token.is("unique") || token.is("primary");
            if !is_key {
                continue;
            }
            let list = match self.verb {
                Verb::CreateUniqueIndex => self.tokens.iter().position(|token| *token == Token::Mark('(')),
                _ => (1..=2).map(|step| at + step).find(|at| self.tokens.get(*at) == Some(&Token::Mark('('))),
            };
            if let Some(list) = list {
                let inside = self.tokens.get(list + 1..).unwrap_or_default();
                let inside = inside.iter().take_while(|token| **token != Token::Mark(')'));
                found.push(
                    inside
                        .filter_map(Token::word)
                        .filter(|word| !matches!(*word, "asc" | "desc" | "collate" | "nocase"))
                        .collect(),
                );
            } else if let Some(column) = self.column_before(at) {
                found.push(vec![column]);
            }
        }
        found
    }

    /// The column in whose definition a token stands: the first word after the last comma or the table's bracket.
    fn column_before(&self, at: usize) -> Option<&str> {
        let before = self.tokens.get(..at)?;
        let start = before.iter().rposition(|token| matches!(token, Token::Mark(',' | '(')))?;
        before.get(start + 1)?.word()
    }

    /// Whether a `CHECK (..)` of it names the column.
    pub fn has_check(&self, column: &str) -> bool {
        let mut inside = false;
        let mut depth = 0_i32;
        self.tokens.iter().any(|token| {
            match token {
                Token::Word(word) if word == "check" => (inside, depth) = (true, 0),
                Token::Mark('(') if inside => depth += 1,
                Token::Mark(')') if inside => {
                    depth -= 1;
                    inside = depth > 0;
                }
                _ => {}
            }
            inside && depth > 0 && token.is(column)
        })
    }

    /// The columns that `INSERT INTO t (..)` names.
    pub fn inserted_columns(&self) -> Vec<&str> {
        let Some(start) = self.tokens.iter().position(|token| *token == Token::Mark('(')) else {
            return Vec::new();
        };
        let inside = self.tokens.get(start + 1..).unwrap_or_default();
        inside.iter().take_while(|token| **token != Token::Mark(')')).filter_map(Token::word).collect()
    }

    /// What its last `LIMIT` says; `FETCH FIRST` and `TOP` too.
    pub fn limit(&self) -> Limit {
        let is_limit = |token: &Token| token.is("limit") || token.is("fetch") || token.is("top");
        let Some(at) = outermost(&self.tokens, is_limit) else { return Limit::No };
        let after = self.tokens.get(at + 1..).unwrap_or_default().iter();
        match after.take(3).find(|token| token.is_value()) {
            Some(Token::Number(number)) => number.parse().map_or(Limit::Given, Limit::Rows),
            _ => Limit::Given,
        }
    }

    /// Whether it asks for several rows by a list of keys: `IN (?, ?)`, `= ANY($1)`.
    pub fn asks_for_several(&self) -> bool {
        self.tokens.windows(3).any(|three| {
            (three[0].is("in") || three[0].is("any")) && !three[1].is("select") && !three[2].is("select")
        })
    }

    /// Whether it gives at most one row, or one for each group: `COUNT(*)`, `EXISTS`, `SUM(..)` and the like as all that is selected.
    pub fn is_aggregate(&self) -> bool {
        let selected = self.tokens.iter().take_while(|token| !token.is("from"));
        let mut selected = selected.skip_while(|token| !token.is("select")).skip(1);
        let function = selected.find_map(Token::word).unwrap_or_default();
        matches!(
            function,
            "count"
                | "sum"
                | "max"
                | "min"
                | "avg"
                | "exists"
                | "total"
                | "coalesce"
                | "ifnull"
                | "changes"
                | "last_insert_rowid"
        ) && !self.has("group")
    }
}

/// What a statement that begins with `WITH` does.
fn with_verb(tokens: &[Token]) -> Verb {
    let mut depth = 0_i32;
    for token in tokens {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth -= 1,
            Token::Word(word) if depth == 0 => match word.as_str() {
                "select" => return Verb::Select,
                "insert" => return Verb::Insert,
                "update" => return Verb::Update,
                "delete" => return Verb::Delete,
                _ => {}
            },
            _ => {}
        }
    }
    Verb::Other
}

/// The last token of its kind that stands in no brackets.
fn outermost(tokens: &[Token], is_sought: impl Fn(&Token) -> bool) -> Option<usize> {
    let mut depth = 0_i32;
    let mut found = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth -= 1,
            token if depth == 0 && is_sought(token) => found = Some(at),
            _ => {}
        }
    }
    found
}

/// The first `FROM` that stands in no brackets: `SELECT a, (SELECT COUNT(*) FROM b) FROM c` is about `c`.
fn outer_from(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_i32;
    tokens.iter().position(|token| {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth -= 1,
            _ => {}
        }
        depth == 0 && token.is("from")
    })
}

/// The table that a statement is about.
fn table_of(verb: Verb, tokens: &[Token]) -> Option<String> {
    let after = |word: &str| tokens.iter().position(|token| token.is(word)).map(|at| at + 1);
    let mut at = match verb {
        Verb::Select => outer_from(tokens).map(|at| at + 1).or_else(|| after("from"))?,
        Verb::Delete => after("from")?,
        Verb::Insert => after("into")?,
        Verb::Update => after("update")?,
        Verb::CreateTable => after("table")?,
        Verb::CreateUniqueIndex => after("on")?,
        _ => after("table")?,
    };
    while tokens.get(at).is_some_and(|token| {
        ["if", "not", "exists", "or", "ignore", "replace", "abort", "fail", "rollback", "only"]
            .iter()
            .any(|word| token.is(word))
    }) {
        at += 1;
    }
    // `schema.table`
    if tokens.get(at + 1) == Some(&Token::Mark('.')) {
        at += 2;
    }
    tokens.get(at)?.word().map(str::to_owned)
}
