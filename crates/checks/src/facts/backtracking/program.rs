//! A pattern as a program for the machine.

use regex_syntax::ast::{self, AssertionKind, Ast, GroupKind, RepetitionKind, RepetitionRange};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Class, HirKind};

/// Instructions of one pattern; a repetition that is counted is written out.
const INSTRUCTIONS: usize = 2_000;
/// Repetitions that are written out of `x{0,1000}`.
const COPIES: u32 = 40;
/// Parts in parts.
const DEPTH: usize = 40;

/// Letters, as ranges.
pub(super) type Set = Vec<(char, char)>;

/// Whose syntax a pattern is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Python's `re`.
    Python,
    /// JavaScript's `RegExp`.
    JavaScript,
}

/// What changes the meaning of a pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Upper and lower case are one.
    pub ignore_case: bool,
    /// `^` and `$` match at lines.
    pub multi_line: bool,
    /// `.` matches line ends.
    pub dot_all: bool,
}

/// Where a match may begin and must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Anywhere: every place is tried.
    Anywhere,
    /// Where the text begins.
    Beginning,
    /// It is the whole text.
    Whole,
}

/// A part of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Set(Set),
    Concat(Vec<Part>),
    Choice(Vec<Part>),
    Loop { part: Box<Part>, min: u32, max: Option<u32>, greedy: bool },
    Assert(Assert),
}

/// What must hold at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assert {
    Begin,
    End,
    BeginLine,
    EndLine,
    Word,
    NotWord,
}

/// One step of the machine.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// One letter of these.
    Letter(usize),
    /// First the one way, and when that fails the other.
    Split(usize, usize),
    Jump(usize),
    /// Notes where a round of a loop begins.
    Mark(usize),
    /// Fails when the round has matched nothing.
    Advanced(usize),
    Assert(Assert),
    Match,
}

/// A pattern that can be tried.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub(super) part: Part,
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<Set>,
    pub(super) loops: usize,
    pub(super) start: Start,
}

impl Pattern {
    /// Reads a pattern; `None` when it has something in it that the machine cannot do.
    pub fn read(text: &str, engine: Engine, flags: Flags, start: Start) -> Option<Self> {
        let plain = normal(text, engine);
        let tree = ast::parse::Parser::new().parse(&plain).ok()?;
        let part = Reader { text: &plain, flags }.part(&tree, 0)?;
        let mut program = Self { part: part.clone(), steps: Vec::new(), sets: Vec::new(), loops: 0, start };
        program.write(&part)?;
        if start == Start::Whole {
            program.push(Step::Assert(Assert::End))?;
        }
        program.push(Step::Match)?;
        Some(program)
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        let at = self.steps.len();
        (at < INSTRUCTIONS).then(|| {
            self.steps.push(step);
            at
        })
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn write(&mut self, part: &Part) -> Option<()> {
        match part {
            Part::Set(set) => {
                self.sets.push(set.clone());
                self.push(Step::Letter(self.sets.len() - 1))?;
            }
            Part::Concat(parts) => parts.iter().try_for_each(|part| self.write(part))?,
            Part::Choice(parts) => self.write_choice(parts)?,
            Part::Assert(assert) => {
                self.push(Step::Assert(*assert))?;
            }
            Part::Loop { part, min, max, greedy } => {
                for _ in 0..*min {
                    self.write(part)?;
                }
                match max {
                    None => self.write_loop(part, *greedy)?,
                    Some(max) => {
                        let mut splits = Vec::new();
                        for _ in 0..max.saturating_sub(*min).min(COPIES) {
                            splits.push(self.push(Step::Jump(0))?);
                            self.write(part)?;
                        }
                        let end = self.steps.len();
                        for at in splits {
                            self.set(
                                at,
                                if *greedy { Step::Split(at + 1, end) } else { Step::Split(end, at + 1) },
                            );
                        }
                    }
                }
            }
        }
        Some(())
    }

    fn write_choice(&mut self, parts: &[Part]) -> Option<()> {
        let mut jumps = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let split = self.push(Step::Jump(0))?;
            self.write(part)?;
            jumps.push(self.push(Step::Jump(0))?);
            let next = self.steps.len();
            let last = index + 1 == parts.len();
            self.set(split, if last { Step::Jump(split + 1) } else { Step::Split(split + 1, next) });
        }
        let end = self.steps.len();
        jumps.into_iter().for_each(|at| self.set(at, Step::Jump(end)));
        Some(())
    }

    fn write_loop(&mut self, part: &Part, greedy: bool) -> Option<()> {
        let slot = self.loops;
        self.loops += 1;
        let split = self.push(Step::Jump(0))?;
        self.push(Step::Mark(slot))?;
        self.write(part)?;
        self.push(Step::Advanced(slot))?;
        self.push(Step::Jump(split))?;
        let end = self.steps.len();
        self.set(split, if greedy { Step::Split(split + 1, end) } else { Step::Split(end, split + 1) });
        Some(())
    }
}

/// The pattern in the syntax that is read here: what JavaScript and Python let stand without a backslash gets one.
fn normal(text: &str, engine: Engine) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let characters: Vec<char> = text.chars().collect();
    let (mut at, mut in_class) = (0, false);
    while let Some(character) = characters.get(at).copied() {
        let next = characters.get(at + 1).copied();
        match character {
            '\\' => {
                match next {
                    // Python's end of the text is `\Z`; JavaScript's `\Z` is a letter.
                    Some('Z') if engine == Engine::Python => out.push_str("\\z"),
                    Some(
                        letter @ ('/' | '<' | '>' | '"' | '\'' | '`' | ',' | ':' | ';' | '=' | '!' | '@'
                        | '%' | '_' | ' '),
                    ) => {
                        out.push(letter);
                    }
                    Some(letter) => {
                        out.push('\\');
                        out.push(letter);
                    }
                    None => out.push('\\'),
                }
                at += 1;
            }
            '[' if in_class => out.push_str("\\["),
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(character);
            }
            '[' => {
                in_class = true;
                out.push('[');
                // `[^]..]` and `[]..]` begin with a bracket that is a letter in Python.
                if next == Some('^') {
                    out.push('^');
                    at += 1;
                }
                if engine == Engine::Python && characters.get(at + 1) == Some(&']') {
                    out.push_str("\\]");
                    at += 1;
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            ']' => out.push_str("\\]"),
            '{' if !in_class && !is_count(&characters, at) => out.push_str("\\{"),
            '}' if !in_class && !ends_count(&characters, at) => out.push_str("\\}"),
            _ => out.push(character),
        }
        at += 1;
    }
    out
}

/// Whether `{3}`, `{3,}` or `{3,5}` begins here.
fn is_count(characters: &[char], at: usize) -> bool {
    let rest = characters.get(at + 1..).unwrap_or_default();
    let Some(end) = rest.iter().position(|character| *character == '}') else { return false };
    let inside = rest.get(..end).unwrap_or_default();
    inside.first().is_some_and(char::is_ascii_digit)
        && inside.iter().all(|character| character.is_ascii_digit() || *character == ',')
}

fn ends_count(characters: &[char], at: usize) -> bool {
    let before = characters.get(..at).unwrap_or_default();
    before.iter().rposition(|character| *character == '{').is_some_and(|open| {
        is_count(characters, open) && {
            let inside = before.get(open + 1..).unwrap_or_default();
            inside.iter().all(|character| character.is_ascii_digit() || *character == ',')
        }
    })
}

struct Reader<'a> {
    text: &'a str,
    flags: Flags,
}

impl Reader<'_> {
    fn part(&self, tree: &Ast, depth: usize) -> Option<Part> {
        if depth > DEPTH {
            return None;
        }
        Some(match tree {
            Ast::Empty(_) => Part::Concat(Vec::new()),
            Ast::Concat(concat) => Part::Concat(
                concat.asts.iter().map(|part| self.part(part, depth + 1)).collect::<Option<_>>()?,
            ),
            Ast::Alternation(choice) => Part::Choice(
                choice.asts.iter().map(|part| self.part(part, depth + 1)).collect::<Option<_>>()?,
            ),
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) if !flags.items.is_empty() => return None,
                _ => self.part(&group.ast, depth + 1)?,
            },
            Ast::Repetition(repetition) => {
                let (min, max) = match &repetition.op.kind {
                    RepetitionKind::ZeroOrOne => (0, Some(1)),
                    RepetitionKind::ZeroOrMore => (0, None),
                    RepetitionKind::OneOrMore => (1, None),
                    RepetitionKind::Range(RepetitionRange::Exactly(count)) => (*count, Some(*count)),
                    RepetitionKind::Range(RepetitionRange::AtLeast(count)) => (*count, None),
                    RepetitionKind::Range(RepetitionRange::Bounded(min, max)) => (*min, Some(*max)),
                };
                Part::Loop {
                    part: Box::new(self.part(&repetition.ast, depth + 1)?),
                    min,
                    max,
                    greedy: repetition.greedy,
                }
            }
            Ast::Assertion(assertion) => Part::Assert(match (&assertion.kind, self.flags.multi_line) {
                (AssertionKind::StartLine, true) => Assert::BeginLine,
                (AssertionKind::EndLine, true) => Assert::EndLine,
                (AssertionKind::StartLine | AssertionKind::StartText, _) => Assert::Begin,
                (AssertionKind::EndLine | AssertionKind::EndText, _) => Assert::End,
                (AssertionKind::WordBoundary, _) => Assert::Word,
                (AssertionKind::NotWordBoundary, _) => Assert::NotWord,
                _ => return None,
            }),
            Ast::Flags(_) => return None,
            Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_) => Part::Set(self.letters(tree)?),
        })
    }

    /// The letters that a class, a dot or a letter stands for.
    fn letters(&self, tree: &Ast) -> Option<Set> {
        let mut translator = TranslatorBuilder::new()
            .case_insensitive(self.flags.ignore_case)
            .dot_matches_new_line(self.flags.dot_all)
            .build();
        let hir = translator.translate(self.text, tree).ok()?;
        match hir.kind() {
            HirKind::Literal(literal) => {
                let letter = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
                Some(vec![(letter, letter)])
            }
            HirKind::Class(Class::Unicode(class)) => {
                Some(class.iter().map(|range| (range.start(), range.end())).collect())
            }
            _ => None,
        }
    }
}
