//! The words of an identifier: `smtpPassword`, `SMTP_PASSWORD` and `smtp-password` all say smtp, password.

/// The words of an identifier, in lower case. A run of capitals is one word (`HTTPServer` is http, server); digits stay
/// with the letters before them (`sha256`).
pub fn words(identifier: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = identifier.chars().collect();
    for (at, character) in characters.iter().copied().enumerate() {
        if !character.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| characters.get(before)).copied();
        let after = characters.get(at + 1).copied();
        let begins = character.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase)));
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(character.to_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Whether one of the words of `identifier` is one of `sought`.
pub fn has_word(identifier: &str, sought: &[&str]) -> bool {
    words(identifier).iter().any(|word| sought.contains(&word.as_str()))
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
