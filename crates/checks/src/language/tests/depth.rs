//! Text that nests deeper than anybody writes, and text that is no program: never a panic, never an overflow.

use seaworthy_core::limits::SYNTAX_DEPTH;

use super::check_extents;
use crate::facts::nodes::each_node;
use crate::language::Language;

/// Reads it on a thread with as little stack as a default one has. What comes back is never deeper than it may be.
fn on_small_stack(path: &'static str, text: String) {
    let read = move || {
        let parsed = Language::of_path(path).expect("a language").parse(path, &text);
        let mut deepest = 0;
        each_node(&parsed.module, &mut |_, around| {
            deepest = deepest.max(around.len());
            true
        });
        (deepest, parsed.errors)
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(read).expect("a thread");
    let (deepest, errors) = thread.join().expect("no panic");
    assert!(deepest <= SYNTAX_DEPTH * LEVEL_NODES, "{path}: {deepest}");
    assert!(errors.iter().all(|error| !error.message.contains("failed on this file")), "{errors:?}");
}

/// Nodes that one level of a lowering makes at most: a function that is a value, its return, what is returned.
const LEVEL_NODES: usize = 3;

/// `open` so often, then `inner`, then `close` as often.
fn nested(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}\n", open.repeat(times), close.repeat(times))
}

#[test]
fn deep_python_is_cut_off() {
    for times in [4_000, 300_000] {
        on_small_stack("a.py", nested("(", "1", ")", times));
        on_small_stack("a.py", nested("[", "1", "]", times));
        on_small_stack("a.py", nested("f(", "1", ")", times));
        on_small_stack("a.py", nested("-", "1", "", times));
        on_small_stack("a.py", nested("not ", "1", "", times));
        on_small_stack("a.py", nested("a.", "b", "", times));
        on_small_stack("a.py", nested("a+", "b", "", times));
        on_small_stack("a.py", nested("a**", "b", "", times));
        on_small_stack("a.py", nested("lambda:", "b", "", times));
        on_small_stack("a.py", nested("a if b else ", "b", "", times));
        on_small_stack("a.py", format!("if a: b\n{}", "elif c: d\n".repeat(times)));
        on_small_stack("a.py", nested("f'{", "b", "}'", times));
        on_small_stack("a.py", nested("(", "", "", times));
    }
    let indented: String = (0..1_000).map(|level| format!("{}if a:\n", " ".repeat(level))).collect();
    on_small_stack("a.py", format!("{indented}{}b\n", " ".repeat(1_000)));
}

#[test]
fn deep_javascript_is_cut_off() {
    for times in [4_000, 300_000] {
        for path in ["a.js", "a.ts"] {
            on_small_stack(path, nested("[", "1", "]", times));
            on_small_stack(path, nested("f(", "1", ")", times));
            on_small_stack(path, nested("{", ";", "}", times));
            on_small_stack(path, nested("!", "1", "", times));
            on_small_stack(path, nested("typeof ", "1", "", times));
            on_small_stack(path, nested("a.b(c).", "b", "", times));
            on_small_stack(path, nested("a+", "b", "", times));
            on_small_stack(path, nested("a**", "b", "", times));
            on_small_stack(path, nested("a=", "b", "", times));
            on_small_stack(path, nested("x=>", "b", "", times));
            on_small_stack(path, nested("a?b:", "b", "", times));
            on_small_stack(path, nested("if(a);else ", ";", "", times));
            on_small_stack(path, nested("`${", "b", "}`", times));
            on_small_stack(path, nested("new ", "b", "", times));
        }
        on_small_stack("a.jsx", nested("<a>", "b", "</a>", times));
        on_small_stack("a.ts", format!("let a: {}", nested("A<", "b", ">", times)));
        on_small_stack("a.ts", format!("let a: {}", nested("keyof ", "b", "", times)));
    }
}

#[test]
fn deep_rust_is_cut_off() {
    for times in [4_000, 300_000] {
        let in_body = |text: String| format!("fn f() {{ {text} }}");
        on_small_stack("a.rs", in_body(nested("(", "1", ")", times)));
        on_small_stack("a.rs", in_body(nested("{", "1", "}", times)));
        on_small_stack("a.rs", in_body(nested("f!(", "1", ")", times)));
        on_small_stack("a.rs", in_body(nested("-", "1", "", times)));
        on_small_stack("a.rs", in_body(nested("a.b().", "c", "", times)));
        on_small_stack("a.rs", in_body(nested("a+", "b", "", times)));
        on_small_stack("a.rs", in_body(nested("|a|", "b", "", times)));
        on_small_stack("a.rs", in_body(nested("if a {} else ", "{}", "", times)));
        on_small_stack("a.rs", format!("type A = {};", nested("A<", "b", ">", times)));
        on_small_stack("a.rs", format!("type A = {};", nested("&", "b", "", times)));
        on_small_stack("a.rs", nested("mod a {", "", "}", times));
        on_small_stack("a.rs", format!("use {};", nested("a::", "b", "", times)));
    }
}

/// What grows with the square of its length would take minutes here.
#[test]
fn long_flat_text_is_read_in_whole() {
    let chains = [
        ("a.py", "a or ", "b\n"),
        ("a.js", "a || ", "b\n"),
        ("a.py", "x = 1\n", ""),
        ("a.js", "x = 1;\n", ""),
        ("a.rs", "fn f() {}\n", ""),
        ("a.rs", "mod m { fn f() { if a { b } } }\n", ""),
    ];
    for (path, part, end) in chains {
        let text = format!("{}{end}", part.repeat(20_000));
        let parsed = Language::of_path(path).expect("a language").parse(path, &text);
        assert_eq!(parsed.errors, []);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Any sequence of tokens reads as something, with every extent in the text.
    #[test]
    fn pieces_in_any_order_never_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        for path in ["a.py", "a.js", "a.tsx", "a.rs"] {
            let language = Language::of_path(path).expect("a language");
            for error in language.parse(path, &text).errors {
                proptest::prop_assert!(!error.message.contains("failed on this file"));
            }
            check_text_only(path, &text);
        }
    }
}

/// After an error a parser's extents needn't nest, but they are in the text.
fn check_text_only(path: &str, text: &str) {
    let parsed = Language::of_path(path).expect("a language").parse(path, text);
    if parsed.errors.is_empty() {
        check_extents(path, text);
    }
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "a",
    "b ",
    "1",
    "'s'",
    "\"t\"",
    "`",
    "${",
    "f'",
    "r#\"",
    "#",
    "//",
    "/*",
    "*/",
    "\n",
    "    ",
    " ",
    ".",
    ",",
    ":",
    ";",
    "=",
    "==",
    "=>",
    "->",
    "+",
    "-",
    "*",
    "**",
    "!",
    "?",
    "??",
    "|",
    "||",
    "&",
    "&&",
    "@",
    "::",
    "..",
    "...",
    "if ",
    "else ",
    "elif ",
    "for ",
    "in ",
    "while ",
    "def ",
    "class ",
    "fn ",
    "let ",
    "const ",
    "import ",
    "from ",
    "export ",
    "default ",
    "return ",
    "yield ",
    "await ",
    "async ",
    "lambda ",
    "match ",
    "case ",
    "try",
    "except ",
    "catch",
    "finally",
    "with ",
    "as ",
    "not ",
    "is ",
    "new ",
    "typeof ",
    "interface ",
    "enum ",
    "type ",
    "struct ",
    "impl ",
    "trait ",
    "use ",
    "mod ",
    "pub ",
    "</a>",
    "<a>",
    "\u{e9}",
    "\u{1f980}",
    "\\",
    "'",
    "\"",
    "\t",
    "\r\n",
];
