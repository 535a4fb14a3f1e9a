//! From bytes to text: byte order marks, and what a Python file says of its own encoding.

use crate::language::Language;

/// The text of a source file, without byte order mark; or the line on which it stops being text.
pub(super) fn decode(language: Language, bytes: Vec<u8>) -> Result<String, Undecodable> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(&bytes) {
        let (text, malformed) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return if malformed {
            Err(Undecodable { line: 1, encoding: encoding.name() })
        } else {
            Ok(text.into_owned())
        };
    }
    let invalid = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(invalid) => invalid,
    };
    let valid = invalid.as_bytes().get(..invalid.utf8_error().valid_up_to()).unwrap_or_default();
    let refuse =
        |encoding| Undecodable { line: valid.iter().filter(|byte| **byte == b'\n').count() + 1, encoding };
    let declared = if language == Language::Python { declared_encoding(invalid.as_bytes()) } else { None };
    let encoding =
        declared.filter(|encoding| *encoding != encoding_rs::UTF_8).ok_or_else(|| refuse("UTF-8"))?;
    let (text, malformed) = encoding.decode_without_bom_handling(invalid.as_bytes());
    if malformed { Err(refuse(encoding.name())) } else { Ok(text.into_owned()) }
}

/// Bytes that are not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Undecodable {
    /// The first line that is not.
    pub(super) line: usize,
    /// What it was taken for.
    pub(super) encoding: &'static str,
}

/// The encoding that a comment on one of the first two lines names (PEP 263: `coding[:=]\s*([-_.a-zA-Z0-9]+)`).
fn declared_encoding(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    bytes.split(|byte| *byte == b'\n').take(2).find_map(|line| {
        let line = std::str::from_utf8(line.trim_ascii()).ok()?.strip_prefix('#')?;
        let after = line.split_once("coding")?.1.strip_prefix([':', '='])?.trim_start();
        let end =
            after.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(after.len());
        // Python writes `latin-1` and `utf_8_sig` where the web's list has `latin1` and `utf-8`.
        let name = after.get(..end)?.to_ascii_lowercase().replace('_', "-");
        let name = match name.as_str() {
            "latin-1" | "latin-1-unix" => "latin1",
            "utf-8-sig" => "utf-8",
            name => name.trim_end_matches("-unix").trim_end_matches("-dos"),
        };
        encoding_rs::Encoding::for_label(name.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_file_may_name_its_encoding() {
        let text =
            decode(Language::Python, b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = '\xe9'\n".to_vec());
        assert_eq!(text.unwrap(), "#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = 'é'\n");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        let refused = decode(Language::JavaScript, b"let a\nlet b = '\xff'\n".to_vec());
        assert_eq!(refused.unwrap_err(), Undecodable { line: 2, encoding: "UTF-8" });
    }

    #[test]
    fn byte_order_marks_are_left_out() {
        assert_eq!(decode(Language::TypeScript, b"\xef\xbb\xbflet a".to_vec()).unwrap(), "let a");
        assert_eq!(decode(Language::TypeScript, b"\xff\xfea\0".to_vec()).unwrap(), "a");
    }
}
