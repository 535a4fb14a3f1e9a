//! A machine that tries the ways in which a pattern can match in the order in which Python's and JavaScript's engines try them, and counts its steps.

use super::program::{Assert, Pattern, Set, Start, Step};

/// What is to be gone back to.
enum Back {
    /// Go on here, at this letter.
    To(usize, usize),
    /// The place where a round of a loop began.
    Mark(usize, usize),
}

impl Pattern {
    /// The steps that finding out whether the text matches takes; at most about `budget`.
    pub(super) fn count(&self, text: &[char], budget: u64) -> u64 {
        let mut steps = 0;
        let starts = if self.start == Start::Anywhere { text.len() + 1 } else { 1 };
        for from in 0..starts {
            if self.matches(text, from, budget, &mut steps) || steps >= budget {
                break;
            }
        }
        steps
    }

    fn matches(&self, text: &[char], from: usize, budget: u64, steps: &mut u64) -> bool {
        let mut marks = vec![usize::MAX; self.loops];
        let mut back = vec![Back::To(0, from)];
        while let Some(here) = back.pop() {
            let (mut at, mut letter) = match here {
                Back::To(at, letter) => (at, letter),
                Back::Mark(slot, before) => {
                    if let Some(mark) = marks.get_mut(slot) {
                        *mark = before;
                    }
                    continue;
                }
            };
            loop {
                *steps += 1;
                if *steps >= budget {
                    return false;
                }
                match self.steps.get(at) {
                    Some(Step::Letter(set)) => {
                        let admits = self.sets.get(*set).zip(text.get(letter));
                        if !admits.is_some_and(|(set, letter)| has(set, *letter)) {
                            break;
                        }
                        letter += 1;
                        at += 1;
                    }
                    Some(Step::Split(first, second)) => {
                        back.push(Back::To(*second, letter));
                        at = *first;
                    }
                    Some(Step::Jump(to)) => at = *to,
                    Some(Step::Mark(slot)) => {
                        if let Some(mark) = marks.get_mut(*slot) {
                            back.push(Back::Mark(*slot, *mark));
                            *mark = letter;
                        }
                        at += 1;
                    }
                    Some(Step::Advanced(slot)) => {
                        if marks.get(*slot) == Some(&letter) {
                            break;
                        }
                        at += 1;
                    }
                    Some(Step::Assert(assert)) => {
                        if !holds(*assert, text, letter) {
                            break;
                        }
                        at += 1;
                    }
                    Some(Step::Match) => return true,
                    None => break,
                }
            }
        }
        false
    }
}

pub(super) fn has(set: &Set, letter: char) -> bool {
    set.iter().any(|(from, to)| (*from..=*to).contains(&letter))
}

fn holds(assert: Assert, text: &[char], at: usize) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| text.get(at)).is_some_and(|letter| letter.is_alphanumeric() || *letter == '_')
    };
    let boundary = is_word(at.checked_sub(1)) != is_word(Some(at));
    match assert {
        Assert::Begin => at == 0,
        Assert::End => at == text.len(),
        Assert::BeginLine => at.checked_sub(1).is_none_or(|before| text.get(before) == Some(&'\n')),
        Assert::EndLine => at == text.len() || text.get(at) == Some(&'\n'),
        Assert::Word => boundary,
        Assert::NotWord => !boundary,
    }
}
