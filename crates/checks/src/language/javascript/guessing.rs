//! Where the parser guesses: after `x <` a `(` may begin the type of a function, an arrow function or an expression, and each is tried in turn, with all
//! that is in it. In each other, `a < (b = c < (d = ..` takes twice the time and memory with each level: 2.8 kB took 11 GB.

/// Levels of this that are read; a hundredth of a second. Nobody writes four.
pub(super) const GUESSES: usize = 16;

/// Comments between a `<` and its parenthesis that are looked through; behind more there may be anything.
const COMMENTS: usize = 8;

/// An upper bound of the levels: every `<` before a parenthesis in which something is assigned counts, in strings and comments too, and none is ever
/// closed. In a time that grows with the text and no faster.
pub(super) fn guesses(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = CommentEnds::of(bytes);
    let less = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| at + 1);
    less.filter(|at| assigns_in_parenthesis(bytes, *at, &ends)).count()
}

/// Where comments can end, in order: found once, since a text may begin as many comments as it has characters and end none.
struct CommentEnds {
    lines: Vec<usize>,
    blocks: Vec<usize>,
}

impl CommentEnds {
    fn of(text: &[u8]) -> Self {
        let lines = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
        let blocks = text.windows(2).enumerate().filter(|(_, pair)| *pair == b"*/").map(|(at, _)| at);
        Self { lines: lines.collect(), blocks: blocks.collect() }
    }

    /// The place behind the comment that begins here; `None` where none does, or where it never ends.
    fn behind(&self, text: &[u8], at: usize) -> Option<usize> {
        let first = |ends: &[usize], from: usize| ends.get(ends.partition_point(|end| *end < from)).copied();
        match text.get(at..at + 2)? {
            b"//" => first(&self.lines, at + 2).map(|end| end + 1),
            b"/*" => first(&self.blocks, at + 2).map(|end| end + 2),
            _ => None,
        }
    }
}

/// Whether a text goes on, after space and comments, with a parenthesis in which something is assigned before it is closed.
fn assigns_in_parenthesis(text: &[u8], from: usize, ends: &CommentEnds) -> bool {
    let behind_space = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    };
    let mut at = behind_space(from);
    for number in 0..=COMMENTS {
        let Some(behind) = ends.behind(text, at) else { break };
        if number == COMMENTS {
            return true;
        }
        at = behind_space(behind);
    }
    let Some([b'(', inside @ ..]) = text.get(at..) else { return false };
    let end = inside.iter().position(|byte| matches!(byte, b')' | b'<')).unwrap_or(inside.len());
    let inside = inside.get(..end).unwrap_or_default();
    // `==`, `=>`, `<=`, `!=` assign nothing.
    let assigns = |three: &[u8]| {
        matches!(three, [before, b'=', after]
            if !matches!(before, b'=' | b'!' | b'<' | b'>') && !matches!(after, b'=' | b'>'))
    };
    inside.windows(3).any(assigns) || matches!(inside, [_, .., b'='])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_in_what_is_guessed_counts_and_types_do_not() {
        assert_eq!(guesses("const f: Map<(a: string) => void, Array<(b | c)>> = g as Set<(x) => y>;"), 0);
        assert_eq!(guesses("x = a < (b == c) && d < (e => e)(1) && f < ((g) + h)"), 0);
        assert_eq!(guesses(&"T<(b=".repeat(30)), 30);
        assert_eq!(guesses(&"T </* ) */ // >\n (b = a/".repeat(3)), 3);
        assert_eq!(guesses(&"</* ".repeat(200_000)), 0, "and in no time");
        assert_eq!(guesses("while (at < (next = text.indexOf(\"<\", at))) {}"), 1);
    }
}
