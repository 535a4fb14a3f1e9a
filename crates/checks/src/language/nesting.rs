//! How deep a text could nest, told before a parser recurses over it.

/// A text so small that its bytes are bound enough.
const SMALL_TEXT_BYTES: usize = 8 * 1024;

/// What can take a parser of a language one level down.
pub(super) struct Openers {
    /// Marks, as bytes.
    pub(super) marks: &'static [u8],
    /// Words.
    pub(super) words: &'static [&'static str],
}

impl Openers {
    /// An upper bound of the levels: every mark and word counts, wherever it stands, and none is ever closed. No text can be
    /// written so that this is too low, which no scanner that tells strings from code could promise of broken text.
    pub(super) fn levels(&self, text: &str) -> usize {
        // Even if every byte were one, the stack is at hand: not worth counting.
        if text.len() <= SMALL_TEXT_BYTES {
            return text.len();
        }
        let mut is_mark = [false; 256];
        for mark in self.marks {
            is_mark[usize::from(*mark)] = true;
        }
        let bytes = text.as_bytes();
        let mut levels = 0;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if !byte.is_ascii_alphabetic() {
                levels += usize::from(is_mark[usize::from(*byte)]);
                at += 1;
                continue;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default();
            levels += usize::from(self.words.iter().any(|opener| opener.as_bytes() == word));
            at += length;
        }
        levels
    }
}
