//! TypeScript's own constructs, one by one.

use super::outline;

fn read(text: &str) -> String {
    outline("a.ts", text)
}

#[test]
fn type_only_imports_are_marked() {
    let text = "import type {A} from 'a';\nimport {type B, c} from 'b';\nimport {type D} from 'd';\nexport type {E} from 'e';\nimport f = require('f');\nimport g = A.B;\ntype H = import('h').I;\n";
    let expected = "import TypeOnly a {A}\nimport Static b {c}\nimport TypeOnly b {B}\nimport TypeOnly d {D}\nimport TypeOnly e {E}\n\
                    import Static f as f\nconst g = A.B\nimport TypeOnly h\ntype H = other(I)\n";
    assert_eq!(read(text), expected);
}

#[test]
fn types_read_as_expressions() {
    let text = "let a: string | null = null;\nlet b: Array<Map<string, A.B>>;\nlet c: number[];\nlet d: {x: 'y'; z?: 1; m(): void};\nlet e: [a: A, ...B[]];\nlet f: (a: A) => B;\nlet g: typeof h[keyof I];\n";
    let expected = "var a: (string Or null) = null\nvar b: Array[Map[(string, A.B)]]\nvar c: Array[number]\n\
                    var d: {\"x\": \"y\", \"z\": 1, \"m\": <fn m() -> void; {  }>}\nvar e: (other(A), *Array[B])\n\
                    var f: other(A, B)\nvar g: TypeOf(h)[other(I)]\n";
    assert_eq!(read(text), expected);
}

#[test]
fn casts_and_assertions() {
    assert_eq!(
        read("a as B; c!.d; <E>f; g satisfies H; i as const;\n"),
        "(a as B)\n(c as -).d\n(f as E)\n(g as H)\n(i as const)\n"
    );
}

#[test]
fn interfaces_enums_and_namespaces() {
    let text = "export interface A extends B<C> { x: string; m(y: number): void; [k: string]: any }\nenum D { E, F = 2, 'g-h' = 'i' }\nnamespace J.K { export const l = 1 }\ndeclare module 'm' { function n(): void }\ndeclare global { var o: P }\n";
    let expected = "pub interface A(B)\n  field x: string\n  fn m(Positional y: number) -> void;\n  other any\nenum D()\n  field E\n  \
                    field F = 2\n  field g-h = \"i\"\nnamespace J.K\n  pub const l = 1\nnamespace m\n  fn n() -> void;\n\
                    namespace global\n  var o: P\n";
    assert_eq!(read(text), expected);
}

#[test]
fn decorated_classes() {
    let text = "@Controller('cats')\nexport abstract class A<T> extends B<T> implements C, D.E {\n  @Column() private readonly x: string = '';\n  constructor(@Inject(F) private f: F) {}\n  @Get(':id')\n  find(@Param('id') id: string): T {}\n  abstract g(): void;\n}\n";
    let expected = "@Controller(\"cats\") pub class A(B, C, D.E)\n  other Column()\n  field x: string = \"\"\n  \
                    fn constructor(@Inject(F) Positional f: F)\n  @Get(\":id\") fn find(@Param(\"id\") Positional id: string) -> T\n  \
                    fn g() -> void;\n";
    assert_eq!(read(text), expected);
}

#[test]
fn overloads_have_no_body_and_generics_are_dropped_from_calls() {
    let text = "function f(a: string): void;\nfunction f(a: any) { g<number>(a) }\nusing h = i();\nawait using j = k();\n";
    let expected = "fn f(Positional a: string) -> void;\nfn f(Positional a: any)\n  g(a)\nwith i() as h\nasync with k() as j\n";
    assert_eq!(read(text), expected);
}
