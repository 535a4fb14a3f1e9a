//! What is known of something that came in: the harm that it cannot do, and what it may be put behind without harm.

use super::risk::{Risk, Risks};
use super::value::{Beside, Taint, Value};

/// What a test tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// It can do no harm of these kinds.
    pub(super) risks: Risks,
    /// It is a text of these kinds.
    pub(super) marks: Beside,
}

impl Known {
    /// Harm of these kinds is out of the question.
    pub(super) const fn without(risks: Risks) -> Self {
        Self { risks, marks: Beside(0) }
    }

    /// A text of this kind.
    pub(super) const fn marked(marks: Beside) -> Self {
        Self { risks: Risks::NONE, marks }
    }

    /// The same without these kinds of text.
    pub(super) const fn unmarked(self, marks: Beside) -> Self {
        Self { risks: self.risks, marks: self.marks.without(marks) }
    }

    /// Whether nothing is known.
    pub(super) const fn is_empty(self) -> bool {
        self.risks.is_empty() && self.marks.0 == 0
    }

    /// What is known by both.
    pub(super) const fn shared(self, other: Self) -> Self {
        Self { risks: self.risks.shared(other.risks), marks: Beside(self.marks.0 & other.marks.0) }
    }

    /// What is known by either.
    pub(super) const fn with(self, other: Self) -> Self {
        Self { risks: self.risks.with(other.risks), marks: Beside(self.marks.0 | other.marks.0) }
    }

    /// Something that came in, when this is known of it.
    pub(super) fn of(self, taint: &mut Taint) {
        taint.open = taint.open.without(self.risks);
        taint.beside = Beside(taint.beside.0 | self.marks.0);
        // Without `..` and without a slash before it, a path stays where it is put.
        if taint.beside.has(Beside(Beside::STEADY.0 | Beside::RELATIVE.0)) {
            taint.open = taint.open.without(Risks::of(&[Risk::Path]));
        }
    }

    /// A value, when this is known of it.
    pub(super) fn of_value(self, mut value: Value<'_>) -> Value<'_> {
        value.each_taint(&mut |taint| self.of(taint));
        value.without(Risks::NONE)
    }
}
