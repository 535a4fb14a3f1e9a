//! How deep a text could nest, told from its tokens before anything recurses over them.

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

/// One bracket's tokens being counted.
struct Open {
    tokens: IntoIter,
    /// Levels around the bracket.
    base: usize,
    /// Levels opened so far in the stretch at hand, those around included.
    here: usize,
    /// Whether `{..}` came just before: a name behind it begins something new.
    after_block: bool,
}

/// An upper bound of the levels that the parser goes down: every mark, word and bracket of one stretch between commas,
/// semicolons and blocks may open one, and so may those around it.
pub(super) fn levels(tokens: TokenStream) -> usize {
    let mut deepest = 0;
    let mut stack = vec![Open { tokens: tokens.into_iter(), base: 0, here: 0, after_block: false }];
    while let Some(open) = stack.last_mut() {
        let Some(token) = open.tokens.next() else {
            stack.pop();
            continue;
        };
        let begins = match &token {
            TokenTree::Ident(word) => open.after_block && word != "else" && word != "as",
            TokenTree::Punct(mark) => {
                matches!(mark.as_char(), ',' | ';') || open.after_block && mark.as_char() == '#'
            }
            _ => false,
        };
        if begins {
            open.here = open.base;
        }
        open.here += usize::from(!matches!(token, TokenTree::Literal(_)));
        open.after_block = false;
        deepest = deepest.max(open.here);
        if let TokenTree::Group(group) = token {
            open.after_block = group.delimiter() == Delimiter::Brace;
            let base = open.here;
            let tokens = group.stream().into_iter();
            stack.push(Open { tokens, base, here: base, after_block: false });
        }
    }
    deepest
}
