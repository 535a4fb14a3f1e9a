//! Where the parser guesses: after `x <` a `(` may begin the type of a function, an arrow function or an expression, and each is tried in turn, with all
//! that is in it. In each other, `a < (b = c < (d = ..` takes twice the time and memory with each level: 2.8 kB took 11 GB.

/// Levels of this that are read; a hundredth of a second. Nobody writes four.
pub(super) const GUESSES: usize = 16;

/// An upper bound of the levels: every `<` before a parenthesis in which something is assigned counts, in strings and comments too, and none is ever closed.
pub(super) fn guesses(text: &str) -> usize {
    let bytes = text.as_bytes();
    let less = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| at + 1);
    less.filter(|at| bytes.get(*at..).is_some_and(assigns_in_parenthesis)).count()
}

/// Whether a text goes on, after space and comments, with a parenthesis in which something is assigned before it is closed.
fn assigns_in_parenthesis(text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        let end = match rest {
            [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n'),
            [b'/', b'*', ..] => rest.windows(2).skip(2).position(|pair| pair == b"*/").map(|at| at + 4),
            _ => break,
        };
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    let Some((b'(', inside)) = rest.split_first().map(|(first, rest)| (*first, rest)) else { return false };
    let end = inside.iter().position(|byte| matches!(byte, b')' | b'<')).unwrap_or(inside.len());
    let inside = inside.get(..end).unwrap_or_default();
    // `==`, `=>`, `<=`, `!=` assign nothing.
    inside.windows(3).any(|three| {
        three[1] == b'=' && !matches!(three[0], b'=' | b'!' | b'<' | b'>') && !matches!(three[2], b'=' | b'>')
    }) || inside.len() > 1 && inside.last() == Some(&b'=')
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
        assert_eq!(guesses("while (at < (next = text.indexOf(\"<\", at))) {}"), 1);
    }
}
