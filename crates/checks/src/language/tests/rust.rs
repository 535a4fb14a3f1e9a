//! Rust's constructs, one by one.

use super::{comments, outline};
use crate::language::Language;

fn read(text: &str) -> String {
    outline("a.rs", text)
}

/// The outline of a function's body.
fn body(text: &str) -> String {
    let whole = read(&format!("fn f() {{ {text} }}"));
    whole.lines().skip(1).map(|line| format!("{}\n", &line[2..])).collect()
}

#[test]
fn use_trees_are_flattened() {
    let text = "use std::{fs, io::{self, Read as R}, collections::*};\npub use crate::a::B;\nuse c;\nuse d as e;\nextern crate g as h;\nmod i;\n";
    let expected = "import Static std {fs}\nimport Static std::io\nimport Static std::io {Read as R}\nimport Static std::collections *\n\
                    import Reexport crate::a {B}\nimport Static c\nimport Static d as e\nimport Static g as h\nimport Child i\n";
    assert_eq!(read(text), expected);
}

#[test]
fn items_with_visibility_and_attributes() {
    let text = "#[derive(Debug, Clone)] pub struct A<T> { pub x: Vec<T>, y: Option<&'static str> }\nstruct B(u8, pub (u16, u32));\nenum C { D, E(u8), F { g: H }, I = 3 }\npub(crate) const J: u8 = 1;\nstatic mut K: u8 = 2;\ntype L = M;\n";
    let expected = "@derive(Debug, Clone) pub struct A()\n  pub field x: Vec[T]\n  field y: Option[Reference(str)]\nstruct B()\n  \
                    field 0: u8\n  pub field 1: (u16, u32)\nenum C()\n  field D\n  field E: (u8)\n  field F: {\"g\": H}\n  field I = 3\n\
                    pub const J: u8 = 1\nvar K: u8 = 2\ntype L = M\n";
    assert_eq!(read(text), expected);
}

#[test]
fn traits_and_implementations() {
    let text = "pub trait A: B + 'static { const C: u8 = 1; type D; fn e(&self); fn g() {} }\nimpl<T: U> A for x::Y<T> { type D = T; fn e(&mut self) -> Result<T, E> { self.z } pub fn n(a: u8) {} }\n";
    let expected = "pub trait A(B)\n  const C: u8 = 1\n  other \n  fn e(Receiver self);\n  static fn g()\nimpl Y(A)\n  type D = T\n  \
                    fn e(Receiver self) -> Result[(T, E)]\n    value self.z\n  static pub fn n(Positional a: u8)\n";
    assert_eq!(read(text), expected);
}

#[test]
fn modules_keep_their_attributes() {
    let text = "#[cfg(test)]\nmod tests { #[test] #[should_panic(expected = \"x\")] fn t() {} }\n#[path = \"y.rs\"]\nmod z;\n";
    let expected = "@cfg(test) namespace tests\n  @test @should_panic(expected=\"x\") fn t()\nother (path := \"y.rs\")\nimport Child z\n";
    assert_eq!(read(text), expected);
}

#[test]
fn locals_and_assignments() {
    let text = "let a: u8 = 1; let mut b = a; b += 2; b = 3; let Some(c) = d else { return }; let (x, _) = y; static E: u8 = 1;";
    let expected = "const a: u8 = 1\nvar b = a\nb Add= 2\nb = 3\nconst Some(c) = d\nelse\n  return -\nconst (x, _) = y\nconst E: u8 = 1\n";
    assert_eq!(body(text), expected);
}

#[test]
fn control_flow_is_statements_and_values() {
    let text = "if let Some(a) = b && c { d() } else if e { g(); } for i in 0..=9 { continue } while h { break; } loop { break 'x 1 } let j = if k { 1 } else { 2 };";
    let expected = "if ((b matches Some(a)) And c)\n  value d()\nelse\n  if e\n    g()\nloop for i in 0..9\n  continue\nloop while h\n  break\n\
                    loop\n  value { break }\nconst j = { if k;   value 1; else;   value 2 }\n";
    assert_eq!(body(text), expected);
    assert_eq!(body("if a { b } else { c }"), "value { if a;   value b; else;   value c }\n");
    assert_eq!(body("return a?.b; "), "return a?.b\n");
}

#[test]
fn matches_and_patterns() {
    let text = "match a { Some(x) if x > 1 => b, E::F { g, h: 1, .. } | I => { j(); } n @ 2..=3 => return, &[ref first, ..] => {}, \"s\" => k!(), _ => () }";
    let expected = "value { match a; case Some(x) if (x Greater 1);   value b; case (E.F{\"g\": g, \"h\": 1, ..._} Or I);   j(); \
                    case (n := 2..3);   return -; case Reference([first, *_]); case \"s\";   value macro k(); case -;   value null }\n";
    assert_eq!(body(text), expected);
}

#[test]
fn calls_closures_and_operators() {
    let text = "a.b::<C>(|x, (y, z): (u8, u8)| x + 1)?.await; D::new(&mut e, *g, !h, -i as u64); let j = async move { k() }; l(move || { m });";
    let expected = "await a.b(<fn (Positional x, Positional (y, z): (u8, u8)) { return (x Add 1) }>)?\n\
                    D.new(Reference(e), Dereference(g), Not(h), (Minus(i) as u64))\nconst j = { block;   value k() }\n\
                    l(<fn () { value m }>)\n";
    assert_eq!(body(text), expected);
    assert_eq!(
        body("A { b: 1, c, ..d }; e[1..]; g == h && i <= j; x.0; [1; 2]; (a, b); unsafe { c() }"),
        "A{\"b\": 1, \"c\": c, ...d}\ne[1..-]\n((g Equal h) And (i LessOrEqual j))\nx.0\nother(1, 2)\n(a, b)\nvalue { block;   value c() }\n"
    );
}

#[test]
fn macros_are_calls_where_their_tokens_are_expressions() {
    let text = "println!(\"{} {x}\", a, x = b); vec![0; n]; assert_eq!(c, d); matches!(e, Some(1) if g); sql!(SELECT * FROM t);";
    let expected = "macro println(\"{} {x}\", a, x=b)\nmacro vec(0, n)\nmacro assert_eq(c, d)\n((e matches Some(1)) And g)\nmacro sql()\n";
    assert_eq!(body(text), expected);
    assert_eq!(
        read("thread_local! { static A: u8 = 1; }\nmacro_rules! m { ($x:expr) => {} }\n"),
        "macro thread_local({ block;   const A: u8 = 1 })\nother \n"
    );
}

#[test]
fn literals_are_decoded() {
    assert_eq!(
        body("f(1_000u32, 0xff, 1.5_f64, 'c', b'd', \"e\\n\", r#\"g\"#, b\"h\", true);"),
        "f(1000, 0xff, 1.5f, \"c\", 100, \"e\\n\", \"g\", b\"h\", true)\n"
    );
}

#[test]
fn comments_are_found_beside_strings_lifetimes_and_characters() {
    let text = "//! one\nfn f<'a>(x: &'a str) { let c = '\"'; /* two /* three */ */ let d = \"// no\"; } // four\nconst R: &str = r#\"\" // no\"#;\nconst E: char = '\\''; // five\r\nconst L: char = '\u{e9}'; /// six\nfn r#match() {}\n";
    let expected = [
        ("//! one", true),
        ("/* two /* three */ */", false),
        ("// four", false),
        ("// five", false),
        ("/// six", false),
    ];
    assert_eq!(comments("a.rs", text), expected.map(|(text, alone)| (text.to_owned(), alone)));
    assert!(read(text).contains("fn match()"));
}

#[test]
fn a_script_and_text_beyond_ascii_keep_their_places() {
    let text = "#!/usr/bin/env run\n// \u{e9}\u{e9}\nfn f() { g(\"\u{1f980}\", h) }\n";
    assert_eq!(read(text), "fn f()\n  value g(\"\u{1f980}\", h)\n");
}

#[test]
fn what_follows_an_error_is_still_read() {
    let parsed = Language::Rust.parse("a.rs", "fn a() {}\nfn b( {}\nfn c() {}\n");
    assert_eq!(parsed.errors.len(), 1);
    let parsed = Language::Rust.parse("a.rs", "fn a() {}\nfn b() -> { }\nlet x = 1;\nfn c() {}\n");
    assert_eq!(super::outline::outline(&parsed.module), "fn a()\nfn c()\n");
    assert_eq!(parsed.errors.len(), 2);
}
