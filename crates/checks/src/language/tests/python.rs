//! Python's constructs, one by one.

use super::{comments, outline};
use crate::language::Language;

fn read(text: &str) -> String {
    outline("a.py", text)
}

#[test]
fn imports_keep_level_names_and_aliases() {
    let text = "import os, a.b as c\nfrom ..pkg.mod import x as y, z\nfrom . import *\n";
    let expected =
        "import Static os\nimport Static a.b as c\nimport Static ..pkg.mod {x as y, z}\nimport Static . *\n";
    assert_eq!(read(text), expected);
}

#[test]
fn imports_for_types_only_are_marked() {
    let text = "if TYPE_CHECKING:\n    from a import B\nelse:\n    import c\nif typing.TYPE_CHECKING:\n    import d\nimport e\n";
    let expected = "if TYPE_CHECKING\n  import TypeOnly a {B}\nelse\n  import Static c\nif typing.TYPE_CHECKING\n  \
                    import TypeOnly d\nimport Static e\n";
    assert_eq!(read(text), expected);
}

#[test]
fn imports_by_call_become_imports() {
    let text = "from importlib import import_module\nm = importlib.import_module('a.b')\nx = __import__('c.d')\nf(import_module('.e', 'p'))\n";
    let expected = "import Static importlib {import_module}\nimport Dynamic a.b as m\nimport Dynamic c.d\nx = __import__(\"c.d\")\nimport Dynamic .e\n\
                    f(import_module(\".e\", \"p\"))\n";
    assert_eq!(read(text), expected);
    assert_eq!(read("a = import_module('b')\n"), "a = import_module(\"b\")\n");
    assert_eq!(read("importlib.import_module(name)\n"), "importlib.import_module(name)\n");
}

#[test]
fn f_strings_are_templates_with_their_values() {
    assert_eq!(read("x = f'a{b}c' \"d\"\n"), "x = `a${b}cd`\n");
    assert_eq!(read("x = f'{v!r:>{w}} {n=}'\n"), "x = `${v}${w} n=${n}`\n");
    assert_eq!(read("x = f'{{}}{d[\"k\"]}'\n"), "x = `{}${d[\"k\"]}`\n");
    assert_eq!(read("x = t'{a}'\n"), "x = t`${a}`\n");
}

#[test]
fn strings_bytes_and_numbers_are_decoded() {
    assert_eq!(
        read("x = 'a\\n' r'\\d', b'\\x41', 1_000, 0x_ff, 1.5e3, 2j, ..., None, True\n"),
        "x = (\"a\\n\\\\d\", b\"A\", 1000, 0xff, 1.5e3f, 2jf, ..., null, true)\n"
    );
}

#[test]
fn functions_keep_every_kind_of_parameter() {
    let text =
        "@app.route('/')\nasync def f(a, /, b: int = 1, *rest, c, d=2, **more) -> str:\n    return a\n";
    let expected = "@app.route(\"/\") async fn f(Positional a, Either b: int = 1, Rest rest, Keyword c, Keyword d = 2, \
                    KeywordRest more) -> str\n  return a\n";
    assert_eq!(read(text), expected);
    let text = "def g():\n    yield 1\ndef h():\n    def inner():\n        yield\n    x = lambda q=1, *r: (yield q)\n";
    let expected = "fn *g()\n  yield 1\nfn h()\n  fn *inner()\n    yield -\n  \
                    x = <fn *(Either q = 1, Rest r) { return yield q }>\n";
    assert_eq!(read(text), expected);
}

#[test]
fn classes_have_fields_and_methods() {
    let text = "@dataclass(frozen=True)\nclass A(B, metaclass=M):\n    x: int = 1\n    y = 2\n    @staticmethod\n    def s(): pass\n";
    let expected = "@dataclass(frozen=true) class A(B, metaclass=M)\n  field x: int = 1\n  field y = 2\n  \
                    static @staticmethod fn s()\n    empty\n";
    assert_eq!(read(text), expected);
}

#[test]
fn assignments_of_every_kind() {
    let text = "a = b = 1\na += 2\nc: Final = 3\nd: TypeAlias = int\ntype E[T] = list[T]\nf: str\n(x, *y), z[0] = v\nif (n := g()): pass\n";
    let expected = "a = b = 1\na Add= 2\nconst c: Final = 3\ntype d: TypeAlias = int\ntype E = list[T]\nf: str\n\
                    ((x, *y), z[0]) = v\nif (n := g())\n  empty\n";
    assert_eq!(read(text), expected);
}

#[test]
fn elif_is_an_if_in_the_else() {
    let text = "if a: pass\nelif b: x\nelse: y\n";
    assert_eq!(read(text), "if a\n  empty\nelse\n  if b\n    x\n  else\n    y\n");
}

#[test]
fn loops_try_with_and_raise() {
    let text = "for i in x:\n    break\nelse:\n    c\nwhile t: continue\nasync def f():\n    async for a in b: pass\n    async with c as d, e: pass\n";
    let expected = "loop for i in x\n  break\nelse\n  c\nloop while t\n  continue\nasync fn f()\n  async loop for a in b\n    \
                    empty\n  async with c as d, e as -\n    empty\n";
    assert_eq!(read(text), expected);
    let text = "try: a\nexcept (B, C) as e: raise\nexcept: raise X(1) from e\nelse: d\nfinally: f\n";
    let expected = "try\n  a\nexcept (B, C) as e\n  raise - from -\nexcept - as -\n  raise X(1) from e\nelse\n  d\nfinally\n  f\n";
    assert_eq!(read(text), expected);
    assert_eq!(
        read("assert a, 'm'\ndel a, b[0]\nglobal q, r\n"),
        "assert a : \"m\"\ndelete a, b[0]\nglobal q r\n"
    );
}

#[test]
fn match_patterns_are_expressions() {
    let text = "match v:\n    case 1 | 2: a\n    case {'k': x, **r}: b\n    case P(y, z=0) if g: c\n    case [f, *_] as w: d\n    case None: e\n    case _: h\n";
    let expected = "match v\ncase (1 Or 2)\n  a\ncase {\"k\": x, ...r}\n  b\ncase P(y, z=0) if g\n  c\ncase (w := [f, *_])\n  d\n\
                    case null\n  e\ncase -\n  h\n";
    assert_eq!(read(text), expected);
}

#[test]
fn comprehensions_keep_their_clauses() {
    assert_eq!(
        read("[a for b in c if d if e for f in g]\n"),
        "Some(List)<a for b in c if d if e for f in g>\n"
    );
    assert_eq!(read("{k: v for k, v in x}\n"), "None<k: v for (k, v) in x>\n");
    assert_eq!(read("f(a async for a in b)\n"), "f(None<a for a in b>)\n");
}

#[test]
fn operators_and_comparisons() {
    assert_eq!(read("a < b <= c is not d not in e\n"), "(a Less b LessOrEqual c IsNot d NotIn e)\n");
    assert_eq!(
        read("not a and b or -c ** 2 // d\n"),
        "((Not(a) And b) Or (Minus((c Power 2)) FloorDivide d))\n"
    );
    assert_eq!(read("a if b else c\nx[1:2, ::3]\n"), "(b ? a : c)\nx[(1..2..-, -..-..3)]\n");
    assert_eq!(read("f(a, *b, c=1, **d)\n"), "f(a, *b, c=1, =*d)\n");
    assert_eq!(read("await_ = [await x]\n"), "await_ = [await x]\n");
}

#[test]
fn comments_are_kept_with_whether_they_stand_alone() {
    let text = "# one\nx = '# not'  # two\n    # three\n";
    let expected =
        [("# one", true), ("# two", false), ("# three", true)].map(|(text, alone)| (text.to_owned(), alone));
    assert_eq!(comments("a.py", text), expected);
}

#[test]
fn what_follows_an_error_is_still_read() {
    let parsed = Language::Python.parse("a.py", "def f(:\n    pass\nimport os\n");
    assert!(!parsed.errors.is_empty());
    assert!(super::outline::outline(&parsed.module).contains("import Static os"));
}
