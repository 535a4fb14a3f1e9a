//! Rust's comments, which its parser drops. Knows strings, raw strings, characters and nested block comments.

use crate::facts::syntax::{Comment, Extent};

/// The comments of a text, doc comments too, in order.
pub(super) fn comments(text: &str) -> Vec<Comment> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    // Whether anything but white space has been on this line.
    let mut alone = true;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'/')) => line_end(bytes, at),
            (b'/', Some(b'*')) => block_end(bytes, at),
            (b'"', _) => string_end(bytes, at + 1),
            (b'r', Some(b'"' | b'#')) if !in_word(bytes, at) => raw_end(bytes, at + 1).unwrap_or(at + 1),
            (b'b' | b'c', Some(b'r')) if !in_word(bytes, at) => raw_end(bytes, at + 2).unwrap_or(at + 1),
            (b'\'', _) => character_end(bytes, at),
            _ => at + 1,
        };
        match bytes[at] {
            b'\n' => alone = true,
            b'/' if end > at + 1 => found.push(Comment { extent: extent(at, end), alone }),
            byte if !byte.is_ascii_whitespace() => alone = false,
            _ => {}
        }
        at = end;
    }
    found
}

fn extent(start: usize, end: usize) -> Extent {
    Extent { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
}

fn in_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_' || bytes[at - 1] >= 0x80)
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length);
    if end > at && bytes[end - 1] == b'\r' { end - 1 } else { end }
}

fn block_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut here = at;
    while here < bytes.len() {
        match (bytes[here], bytes.get(here + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                here += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                here += 2;
                if depth == 0 {
                    return here;
                }
            }
            _ => here += 1,
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// From the hashes on; `None` when it is no raw string but a raw name.
fn raw_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes.get(at..)?.iter().take_while(|byte| **byte == b'#').count();
    let open = at + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut here = open + 1;
    while here < bytes.len() {
        let closes = bytes[here] == b'"'
            && bytes
                .get(here + 1..here + 1 + hashes)
                .is_some_and(|tail| tail.iter().all(|byte| *byte == b'#'));
        if closes {
            return Some(here + 1 + hashes);
        }
        here += 1;
    }
    Some(bytes.len())
}

/// A character ends at its quote; a lifetime is only its mark.
fn character_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => {
            let rest = bytes.get(at + 3..).unwrap_or_default();
            rest.iter().take(12).position(|byte| *byte == b'\'').map_or(at + 1, |length| at + 4 + length)
        }
        Some(first) => {
            let width = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            if bytes.get(at + 1 + width) == Some(&b'\'') { at + 2 + width } else { at + 1 }
        }
        None => at + 1,
    }
}
