//! Which columns an SQL statement writes or compares, and where each value stands: enough SQL for `INSERT`, `UPDATE` and `WHERE`.
//!
//! Subqueries and expressions are passed over: a value inside a function call is [`Slot::Computed`].

/// Where the value of a column stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// The parameter at this place, from 0: `?`, `%s`, `$1`.
    Parameter(usize),
    /// The parameter of this name: `:name`, `@name`, `%(name)s`.
    Named(String),
    /// The value at this place, from 0, of the template that the statement is.
    Hole(usize),
    /// A text written in the statement.
    Text(String),
    /// Something else.
    Computed,
}

/// How a column is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A row is made with it.
    Inserted,
    /// It is given another value.
    Updated,
    /// Rows are looked for by it.
    Compared,
}

/// A column and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, in lower case.
    pub name: String,
    /// How it is used.
    pub used: Use,
    /// Where its value stands.
    pub slot: Slot,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// The table that is written or read first, in lower case.
    pub table: String,
    /// Its columns with values, in order.
    pub columns: Vec<Column>,
}

/// What stands for the value of a template at place `n`: `\0n\0`.
pub fn hole(at: usize) -> String {
    format!("\0{at}\0")
}

/// Reads a statement. `None` when it is no `INSERT`, `REPLACE`, `UPDATE`, `SELECT` or `DELETE`.
pub fn statement(sql: &str) -> Option<Statement> {
    let trimmed = sql.trim_start();
    let verb: String =
        trimmed.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    if !matches!(verb.as_str(), "insert" | "replace" | "update" | "select" | "delete" | "with") {
        return None;
    }
    let tokens = tokens(trimmed);
    let mut reader = Reader { tokens: &tokens };
    let mut statement = Statement::default();
    match verb.as_str() {
        "insert" | "replace" => reader.insert(&mut statement),
        "update" => reader.update(&mut statement),
        _ => statement.table = reader.word_after("from").unwrap_or_default(),
    }
    if !matches!(verb.as_str(), "insert" | "replace") {
        reader.compared(&mut statement);
    }
    Some(statement)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Value(Slot),
    Mark(char),
}

struct Reader<'t> {
    tokens: &'t [Token],
}

impl Reader<'_> {
    fn position(&self, word: &str, from: usize) -> Option<usize> {
        let rest = self.tokens.get(from..)?;
        let at = rest.iter().position(|token| matches!(token, Token::Word(other) if other == word))?;
        Some(from + at)
    }

    fn word_after(&self, word: &str) -> Option<String> {
        let mut at = self.position(word, 0)? + 1;
        let mut found = None;
        // Of `shop.users` the last is the table.
        while let Some(Token::Word(word)) = self.tokens.get(at) {
            found = Some(word.clone());
            if self.tokens.get(at + 1) != Some(&Token::Mark('.')) {
                break;
            }
            at += 2;
        }
        found
    }

    /// The parts between commas of the list in brackets that begins at or after a place, and the place after it.
    fn list(&self, from: usize) -> Option<(Vec<&[Token]>, usize)> {
        let open = from + self.tokens.get(from..)?.iter().position(|token| *token == Token::Mark('('))?;
        let mut depth = 0_u32;
        let mut begin = open + 1;
        let mut parts = Vec::new();
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        parts.push(self.tokens.get(begin..at)?);
                        return Some((parts, at + 1));
                    }
                }
                Token::Mark(',') if depth == 1 => {
                    parts.push(self.tokens.get(begin..at)?);
                    begin = at + 1;
                }
                _ => {}
            }
        }
        None
    }

    fn insert(&mut self, statement: &mut Statement) {
        statement.table = self.word_after("into").unwrap_or_default();
        let Some(into) = self.position("into", 0) else { return };
        // `INSERT INTO t VALUES (..)`: the columns are told by their places, `#0` the first.
        if let Some(values) = self.position("values", into)
            && !self.tokens.get(into..values).unwrap_or_default().contains(&Token::Mark('('))
        {
            let slots = self.list(values).map(|(slots, _)| slots).unwrap_or_default();
            for (at, slot) in slots.into_iter().enumerate() {
                let column = Column { name: format!("#{at}"), used: Use::Inserted, slot: slot_of(slot) };
                statement.columns.push(column);
            }
            return;
        }
        let Some((names, after)) = self.list(into) else { return };
        let Some(values) = self.position("values", after) else { return };
        let Some((slots, after)) = self.list(values) else { return };
        for (name, slot) in names.iter().zip(slots) {
            if let [Token::Word(name)] = name {
                statement.columns.push(Column {
                    name: name.clone(),
                    used: Use::Inserted,
                    slot: slot_of(slot),
                });
            }
        }
        // `ON CONFLICT .. DO UPDATE SET ..`.
        if let Some(set) = self.position("set", after) {
            self.pairs(set + 1, Use::Updated, statement);
        }
    }

    fn update(&mut self, statement: &mut Statement) {
        statement.table = self.word_after("update").unwrap_or_default();
        if let Some(set) = self.position("set", 0) {
            self.pairs(set + 1, Use::Updated, statement);
        }
    }

    fn compared(&mut self, statement: &mut Statement) {
        if let Some(at) = self.position("where", 0) {
            self.pairs(at + 1, Use::Compared, statement);
        }
    }

    /// `column = value` up to the next clause.
    fn pairs(&self, from: usize, used: Use, statement: &mut Statement) {
        const ENDS: &[&str] = &["where", "returning", "order", "limit", "group"];
        let rest = self.tokens.get(from..).unwrap_or_default();
        let end =
            rest.iter().position(|token| matches!(token, Token::Word(word) if ENDS.contains(&word.as_str())));
        let clause = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        for window in clause.windows(3) {
            if let [Token::Word(name), Token::Mark('='), value] = window {
                let slot = slot_of(std::slice::from_ref(value));
                statement.columns.push(Column { name: name.clone(), used, slot });
            }
        }
    }
}

fn slot_of(part: &[Token]) -> Slot {
    match part {
        [Token::Value(slot)] => slot.clone(),
        // PostgreSQL's `$1::text`.
        [Token::Value(slot), Token::Mark(':'), ..] => slot.clone(),
        _ => Slot::Computed,
    }
}

fn tokens(sql: &str) -> Vec<Token> {
    let characters: Vec<char> = sql.chars().collect();
    let mut found = Vec::new();
    let mut parameters = 0;
    let mut at = 0;
    while let Some(character) = characters.get(at).copied() {
        let (token, next) = token(&characters, at, character, &mut parameters);
        found.extend(token);
        at = next.max(at + 1);
    }
    found
}

/// The token that begins at a place, and the place after it.
fn token(all: &[char], at: usize, first: char, parameters: &mut usize) -> (Option<Token>, usize) {
    let run = |from: usize, fits: &dyn Fn(char) -> bool| -> (String, usize) {
        let text: String = all.get(from..).unwrap_or_default().iter().take_while(|c| fits(**c)).collect();
        let length = text.chars().count();
        (text, from + length)
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let next = |offset: usize| all.get(at + offset).copied().unwrap_or(' ');
    match first {
        '\'' => {
            let (text, end) = run(at + 1, &|c| c != '\'');
            // A hole in quotes is the value of the hole.
            let slot = only_hole(&text).map_or(Slot::Text(text), Slot::Hole);
            (Some(Token::Value(slot)), end + 1)
        }
        '"' | '`' | '[' => {
            let close = if first == '[' { ']' } else { first };
            let (text, end) = run(at + 1, &|c| c != close);
            let token = only_hole(&text)
                .map_or_else(|| Token::Word(text.to_lowercase()), |at| Token::Value(Slot::Hole(at)));
            (Some(token), end + 1)
        }
        '\0' => {
            let (text, end) = run(at + 1, &|c| c != '\0');
            (text.parse().ok().map(|at| Token::Value(Slot::Hole(at))), end + 1)
        }
        '?' | '$' if next(1).is_ascii_digit() => {
            let (number, end) = run(at + 1, &|c| c.is_ascii_digit());
            let number = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
            (Some(Token::Value(Slot::Parameter(number))), end)
        }
        '?' => (Some(Token::Value(Slot::Parameter(take(parameters)))), at + 1),
        '%' if next(1) == 's' => (Some(Token::Value(Slot::Parameter(take(parameters)))), at + 2),
        '%' if next(1) == '(' => {
            let (name, end) = run(at + 2, &|c| c != ')');
            (Some(Token::Value(Slot::Named(name))), end + 2)
        }
        ':' | '@' | '$' if is_word(next(1)) && all.get(at.wrapping_sub(1)) != Some(&':') => {
            let (name, end) = run(at + 1, &is_word);
            (Some(Token::Value(Slot::Named(name))), end)
        }
        '-' if next(1) == '-' => (None, run(at, &|c| c != '\n').1),
        _ if is_word(first) => {
            let (word, end) = run(at, &is_word);
            (Some(Token::Word(word.to_lowercase())), end)
        }
        _ if first.is_whitespace() => (None, at + 1),
        _ => (Some(Token::Mark(first)), at + 1),
    }
}

fn take(parameters: &mut usize) -> usize {
    *parameters += 1;
    *parameters - 1
}

fn only_hole(text: &str) -> Option<usize> {
    text.strip_prefix('\0')?.strip_suffix('\0')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> Vec<(String, Use, Slot)> {
        statement(sql).unwrap().columns.into_iter().map(|c| (c.name, c.used, c.slot)).collect()
    }

    #[test]
    fn an_insert_gives_each_column_its_value() {
        let sql = "INSERT INTO users (name, password, role, at) VALUES (?, ?, 'admin', datetime('now'))";
        assert_eq!(statement(sql).unwrap().table, "users");
        assert_eq!(
            read(sql),
            [
                ("name".into(), Use::Inserted, Slot::Parameter(0)),
                ("password".into(), Use::Inserted, Slot::Parameter(1)),
                ("role".into(), Use::Inserted, Slot::Text("admin".into())),
                ("at".into(), Use::Inserted, Slot::Computed),
            ]
        );
    }

    #[test]
    fn every_spelling_of_a_parameter_is_read() {
        for (spelling, slot) in [
            ("?2", Slot::Parameter(1)),
            ("$2", Slot::Parameter(1)),
            ("%s", Slot::Parameter(0)),
            (":pin", Slot::Named("pin".into())),
            ("@pin", Slot::Named("pin".into())),
            ("%(pin)s", Slot::Named("pin".into())),
            ("\x003\x00", Slot::Hole(3)),
            ("'\x003\x00'", Slot::Hole(3)),
            ("crypt(?, gen_salt('bf'))", Slot::Computed),
        ] {
            assert_eq!(read(&format!("insert into t (pin) values ({spelling})"))[0].2, slot, "{spelling}");
        }
    }

    #[test]
    fn an_update_and_a_condition_are_told_apart() {
        assert_eq!(
            read("UPDATE shop.users SET password = ?, seen = now() WHERE id = ? AND \"code\" = ?"),
            [
                ("password".into(), Use::Updated, Slot::Parameter(0)),
                ("seen".into(), Use::Updated, Slot::Computed),
                ("id".into(), Use::Compared, Slot::Parameter(1)),
                ("code".into(), Use::Compared, Slot::Parameter(2)),
            ]
        );
        assert_eq!(statement("select * from shop.users where x = 1").unwrap().table, "users");
        assert_eq!(statement("CREATE TABLE users (id)"), None);
    }
}
