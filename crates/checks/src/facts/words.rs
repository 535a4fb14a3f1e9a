//! The words of an identifier: `smtpPassword`, `SMTP_PASSWORD` and `smtp-password` all say smtp, password.

/// The words of an identifier, in lower case. A run of capitals is one word (`HTTPServer` is http, server); digits stay
/// with the letters before them (`sha256`).
pub fn words(identifier: &str) -> Vec<String> {
    spelled(identifier).map(str::to_lowercase).collect()
}

/// Whether one of the words of `identifier` is one of `sought`.
pub fn has_word(identifier: &str, sought: &[&str]) -> bool {
    spelled(identifier).any(|word| sought.iter().any(|sought| is_word(word, sought)))
}

/// Without making a text of it: this is asked of most names of a program.
fn is_word(word: &str, sought: &str) -> bool {
    if word.is_ascii() { word.eq_ignore_ascii_case(sought) } else { word.to_lowercase() == sought }
}

/// The words as they are spelled.
fn spelled(identifier: &str) -> impl Iterator<Item = &str> {
    let mut rest = identifier;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|character: char| !character.is_alphanumeric());
        let end = word_end(rest);
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// Where the word at the beginning of a text ends.
fn word_end(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    let mut before: Option<char> = None;
    while let Some((at, character)) = characters.next() {
        if !character.is_alphanumeric() {
            return at;
        }
        let after = characters.peek().map(|(_, after)| *after);
        let begins = character.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase)));
        if begins {
            return at;
        }
        before = Some(character);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_read_from_every_spelling() {
        assert_eq!(words("smtpPassword"), ["smtp", "password"]);
        assert_eq!(words("SMTP_PASSWORD"), ["smtp", "password"]);
        assert_eq!(words("HTTPServer2Name"), ["http", "server2", "name"]);
        assert_eq!(words("x-api-key"), ["x", "api", "key"]);
        assert_eq!(words("__"), Vec::<String>::new());
    }
}
