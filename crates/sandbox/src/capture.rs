//! Keeping the start and the end of an endless output.

use crate::program::Output;
use std::collections::VecDeque;

/// The first and the last bytes of a stream, never more than its limit.
#[derive(Debug)]
pub(crate) struct Capture {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Capture {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        let half = usize::try_from(limit_bytes / 2).unwrap_or(usize::MAX);
        Capture { half, head: Vec::new(), tail: VecDeque::new(), dropped: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(first);
        // Of a piece longer than the tail only its end can stay.
        let (lost, kept) = rest.split_at(rest.len().saturating_sub(self.half));
        let excess = (self.tail.len() + kept.len()).saturating_sub(self.half);
        self.tail.drain(..excess);
        self.tail.extend(kept);
        self.dropped += (lost.len() + excess) as u64;
    }

    pub(crate) fn output(&self) -> Output {
        let mut bytes = self.head.clone();
        if self.dropped > 0 {
            bytes.extend_from_slice(format!("\n[... {} bytes left out ...]\n", self.dropped).as_bytes());
        }
        bytes.extend(&self.tail);
        Output { bytes, dropped: self.dropped }
    }

    /// The last bytes as text; what is not UTF-8 is replaced.
    pub(crate) fn last(&self, count: usize) -> String {
        let all = if self.dropped > 0 { self.tail.iter().copied().collect() } else { self.output().bytes };
        let from = all.len().saturating_sub(count);
        String::from_utf8_lossy(all.get(from..).unwrap_or(&[])).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_whole() {
        let mut capture = Capture::new(10);
        capture.push(b"01234");
        capture.push(b"56789");
        assert_eq!(capture.output(), Output { bytes: b"0123456789".to_vec(), dropped: 0 });
        assert_eq!(capture.last(3), "789");
    }

    #[test]
    fn start_and_end_stay_however_the_pieces_fall() {
        let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for piece in [1, 3, 7, 64, 1000] {
            let mut capture = Capture::new(20);
            text.chunks(piece).for_each(|chunk| capture.push(chunk));
            let output = capture.output();
            assert_eq!(output.dropped, 980, "pieces of {piece}");
            assert!(output.bytes.starts_with(&text[..10]) && output.bytes.ends_with(&text[990..]));
        }
    }

    #[test]
    fn a_limit_of_zero_keeps_nothing() {
        let mut capture = Capture::new(0);
        capture.push(b"abc");
        assert_eq!((capture.output().dropped, capture.last(9)), (3, String::new()));
    }
}
