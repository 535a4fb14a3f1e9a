//! The text of a `Set-Cookie` header.

use super::Attribute;

/// The name of the cookie and its attributes, read from the parts of a text that are known; `hole` stands for what is not. `None` when the text
/// sets no cookie with a value, or deletes one.
pub(super) fn read(text: &str) -> Option<(&str, [Attribute; 3])> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    if name.is_empty() || name.contains([' ', ';', HOLE]) {
        return None;
    }
    let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
    // Of two values that are put in one after the other, the second may be the attributes.
    if value.matches(HOLE).count() > 1 && attributes.is_empty() {
        return None;
    }
    let lower = attributes.to_ascii_lowercase();
    if value.trim().is_empty() || lower.contains("max-age=0") || lower.contains("01 jan 1970") {
        return None;
    }
    // What is put in after the value may be the attributes.
    let open = attributes.contains(HOLE)
        && !lower.contains("path=\u{0}")
        && !lower.contains("max-age=\u{0}")
        && !lower.contains("expires=\u{0}");
    let has = |word: &str| if lower.contains(word) || open { Attribute::Set } else { Attribute::Missing };
    let same_site = if lower.contains("samesite=none") { Attribute::Crossing } else { has("samesite") };
    Some((name, [has("httponly"), has("secure"), same_site]))
}

/// What stands for a value that is not known.
pub(super) const HOLE: char = '\0';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_whatever_their_case() {
        let (name, [http_only, secure, same_site]) = read("sid=\0; httponly; SECURE; SameSite=None").unwrap();
        assert_eq!((name, http_only, secure), ("sid", Attribute::Set, Attribute::Set));
        assert_eq!(same_site, Attribute::Crossing);
    }

    #[test]
    fn a_cookie_that_is_deleted_or_has_no_name_is_none() {
        assert_eq!(read("sid=; Path=/"), None);
        assert_eq!(read("sid=x; Max-Age=0"), None);
        assert_eq!(read("\0=x; Path=/"), None);
        assert_eq!(read("sid=\0\0"), None);
    }
}
