//! JavaScript's constructs, one by one, with JSX and CommonJS.

use super::{comments, outline};
use crate::language::Language;

fn read(text: &str) -> String {
    outline("a.jsx", text)
}

#[test]
fn imports_of_every_form() {
    let text = "import a, {b as c, default as d} from 'm';\nimport * as ns from \"n\";\nimport './effect.js';\nimport x, * as y from 'z'\n";
    let expected = "import Static m {default as a, b as c, default as d}\nimport Static n as ns\nimport Static ./effect.js\n\
                    import Static z as y {default as x}\n";
    assert_eq!(read(text), expected);
}

#[test]
fn exports_of_every_form() {
    let text = "export const a = 1, b = 2;\nexport function f() {}\nexport {a as z, g};\nexport {c as d} from 'm';\nexport * from 'n';\nexport * as o from 'p';\nexport default class {}\n";
    let expected = "pub const a = 1\npub const b = 2\npub fn f()\nexport a as z, g\nimport Reexport m {c as d}\nimport Reexport n *\n\
                    import Reexport p as o\npub class default()\n";
    assert_eq!(read(text), expected);
    assert_eq!(read("export default {data() {}}\n"), "pub const default = {\"data\": <fn data() {  }>}\n");
    assert_eq!(read("export default async function () {}\n"), "pub async fn default()\n");
}

#[test]
fn require_is_an_import_wherever_it_stands() {
    let text = "const fs = require('fs');\nconst {a, b: c} = require('m');\nvar d = require('n').e;\nconst app = require('express')();\n\
                function f() { const g = require(`h`); return require('i').j }\nrequire('k');\nrequire(name);\n";
    let expected = "import Dynamic fs as fs\nimport Dynamic m {a, b as c}\nimport Dynamic n {e as d}\nimport Dynamic express\n\
                    const app = require(\"express\")()\nfn f()\n  import Dynamic h as g\n  import Dynamic i\n  \
                    return require(\"i\").j\nimport Dynamic k\nrequire(\"k\")\nrequire(name)\n";
    assert_eq!(read(text), expected);
}

#[test]
fn import_calls_are_imports() {
    let text = "const {x} = await import('./m.js');\nconst P = lazy(() => import('./page'));\n";
    let expected = "import Dynamic ./m.js {x}\nimport Dynamic ./page\nconst P = lazy(<fn () { return import(\"./page\") }>)\n";
    assert_eq!(read(text), expected);
}

#[test]
fn functions_arrows_and_parameters() {
    let text = "async function* f({a, b: {c = 1}, ...r}, [d, , ...e], g = 2, ...h) {}\nconst i = async x => x + 1;\nconst j = function k() {};\n";
    let expected = "async fn *f(Positional {\"a\": a, \"b\": {\"c\": (c := 1)}, ...r}, Positional [d, other(), *e], \
                    Positional g = 2, Rest h)\nconst i = <async fn (Positional x) { return (x Add 1) }>\nconst j = <fn k() {  }>\n";
    assert_eq!(read(text), expected);
}

#[test]
fn classes_with_fields_private_names_and_accessors() {
    let text = "class A extends b.C {\n  #x = 1;\n  static y;\n  constructor() { super(); this.#x++; }\n  get z() { return #x in this }\n  static { go(); }\n  static async *m() {}\n  [k]() {}\n}\n";
    let expected = "class A(b.C)\n  field #x = 1\n  field y\n  fn constructor()\n    super()\n    Step(this.#x)\n  fn z()\n    \
                    return (#x In this)\n  block\n    go()\n  static async fn *m()\n  fn ()\n";
    assert_eq!(read(text), expected);
}

#[test]
fn members_chains_and_calls() {
    assert_eq!(read("a?.b[c]?.(d, ...e).f;\n"), "a?.b[c]?.(d, *e).f\n");
    assert_eq!(read("new Foo(1); new Bar; (0, x.y)(z);\n"), "new Foo(1)\nnew Bar()\nx.y(z)\n");
    assert_eq!(read("x = import.meta.url;\n"), "x = import.meta.url\n");
}

#[test]
fn assignments_and_targets() {
    let text = "module.exports = exports = {a, 'b-c': 1, [d]: 2, ...e};\n({x, y: [z = 3], ...w} = v);\nq ??= (r = s);\nlet t, u = 1;\ndelete t.u;\n";
    let expected = "module.exports = exports = {\"a\": a, \"b-c\": 1, d: 2, ...e}\n{\"x\": x, \"y\": [(z := 3)], ...w} = v\n\
                    q Logical(Coalesce)= (r := s)\nvar t\nvar u = 1\ndelete t.u\n";
    assert_eq!(read(text), expected);
}

#[test]
fn control_flow() {
    let text = "for (let i = 0; i < 9; i++) {}\nfor (const k in o) a(k);\nouter: for (const [x, y] of z) continue outer;\ndo { b() } while (c)\n";
    let expected = "loop while (i Less 9)\n  header\n    var i = 0\n    Step(i)\nloop for k in o\n  a(k)\nloop for [x, y] in z\n  \
                    continue\nloop while c\n  b()\n";
    assert_eq!(read(text), expected);
    let text = "try { a() } catch ({message}) { throw message } finally { b() }\ntry { c } catch {}\nswitch (d) { case 1: e(); break; default: f() }\nif (g) h; else if (i) j\n";
    let expected = "try\n  a()\nexcept - as {\"message\": message}\n  raise message from -\nfinally\n  b()\ntry\n  c\nexcept - as -\n\
                    match d\ncase 1\n  e()\n  break\ncase -\n  f()\nif g\n  h\nelse\n  if i\n    j\n";
    assert_eq!(read(text), expected);
}

#[test]
fn literals_and_templates() {
    let text = "x = [1_000n, 0xFF, 1e3, .5, 'a\\n', /b+/gi, null, undefined, , true];\ny = `a${b}c${`d`}`;\nz = sql`select ${id}`;\n";
    let expected = "x = [1000, 0xFF, 1e3f, .5f, \"a\\n\", /b+/gi, null, null, null, true]\ny = `a${b}c${`d`}`\nz = sql`select ${id}`\n";
    assert_eq!(read(text), expected);
}

#[test]
fn operators() {
    assert_eq!(
        read("a === b && c !== d || !e;\n"),
        "(((a StrictEqual b) And (c StrictNotEqual d)) Or Not(e))\n"
    );
    assert_eq!(read("a ?? b ? typeof c : void 0;\n"), "((a Coalesce b) ? TypeOf(c) : Void(0))\n");
    assert_eq!(
        read("a >>> 1 ** 2 in b instanceof C;\n"),
        "(((a ShiftRightUnsigned (1 Power 2)) In b) InstanceOf C)\n"
    );
    assert_eq!(read("(a, b());\n"), "other(a, b())\n");
}

#[test]
fn jsx_is_markup() {
    let text = "const a = <A.B x=\"1\" y={z} w {...p}>hi {name}\n  <></>\n  {/* none */}</A.B>;\n";
    assert_eq!(read(text), "const a = <A.B x=\"1\" y=z w=- =p>\"hi \", name, <></></>\n");
}

#[test]
fn directives_are_expressions() {
    assert_eq!(read("'use client';\nf();\n"), "\"use client\"\nf()\n");
}

#[test]
fn comments_are_kept() {
    let text = "// one\nf(/* two */); // three\n\"// not\"; /** four\n */\n";
    let expected = [("// one", true), ("/* two */", false), ("// three", false), ("/** four\n */", false)];
    assert_eq!(comments("a.js", text), expected.map(|(text, alone)| (text.to_owned(), alone)));
}

#[test]
fn a_syntax_error_is_said_with_its_place() {
    let parsed = Language::JavaScript.parse("a.js", "let a = 1;\nlet b = ;\n");
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.errors[0].extent.start, 19);
}
