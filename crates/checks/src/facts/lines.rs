//! From byte offsets to lines and columns.

use seaworthy_core::Span;

use super::syntax::Extent;

/// Where the lines of a text begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    /// Offset of the first byte of each line; the first is 0.
    starts: Vec<u32>,
}

impl Lines {
    /// Finds the lines of `text`: they end in `\n`, `\r\n` or a lone `\r`.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
        starts.push(0);
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                starts.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
        }
        Self { starts }
    }

    /// How many lines there are; a text that ends in a line break has an empty last one.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line of an offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// The offset at which a line (from 1) begins; `None` beyond the last.
    pub fn start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// The place of a stretch of `text`, which must be the text these lines are of.
    pub fn span(&self, text: &str, extent: Extent) -> Span {
        let (line, column) = self.place(text, extent.start);
        let (end_line, end_column) = self.place(text, extent.end.max(extent.start));
        Span { line, column, end_line, end_column }
    }

    fn place(&self, text: &str, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        let start = self.start(line).unwrap_or(0) as usize;
        let before = text.as_bytes().get(start..(offset as usize).min(text.len())).unwrap_or_default();
        // Counting the bytes that are not continuation bytes counts scalar values, also when the offset is inside one.
        let column = before.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        (line, u32::try_from(column).unwrap_or(u32::MAX))
    }
}
