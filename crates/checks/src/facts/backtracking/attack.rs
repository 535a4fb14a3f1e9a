//! Texts on which a pattern takes long, made from its own loops and proved by counting.

use super::machine::has;
use super::program::{Part, Pattern, Set};

/// Steps that one text is tried with.
const BUDGET: u64 = 600_000;
/// Steps that are spent on one pattern altogether.
const ALTOGETHER: u64 = 8_000_000;
/// Beginnings, repeated parts and ends that are tried.
const CANDIDATES: usize = 24;

/// How the steps grow with the length of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Growth {
    /// With this power of the length.
    Power(u32),
    /// They double with each part that is added, or nearly so.
    Exponential,
}

/// A text on which a pattern takes long: `before`, `again` as often as wanted, and `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attack {
    /// How it grows with the times of `again`.
    pub growth: Growth,
    /// How it begins.
    pub before: String,
    /// What is repeated.
    pub again: String,
    /// How it ends, so that nothing matches.
    pub after: String,
}

impl Attack {
    /// The text with so many repetitions.
    pub fn text(&self, times: usize) -> String {
        format!("{}{}{}", self.before, self.again.repeat(times), self.after)
    }
}

/// The worst text that was found; `None` when every text takes time in proportion to its length.
pub fn attack(pattern: &Pattern) -> Option<Attack> {
    let words = Words::of(pattern);
    let mut spent = 0;
    let mut worst: Option<Attack> = None;
    for again in &words.again {
        for before in &words.before {
            for after in &words.after {
                if spent > ALTOGETHER {
                    return worst;
                }
                let tried = Attack {
                    growth: Growth::Power(1),
                    before: before.clone(),
                    again: again.clone(),
                    after: after.clone(),
                };
                let Some(growth) = grows(pattern, &tried, &mut spent) else { continue };
                if worst.as_ref().is_none_or(|worst| worst.growth < growth) {
                    worst = Some(Attack { growth, ..tried });
                }
                if growth == Growth::Exponential {
                    return worst;
                }
            }
        }
    }
    worst
}

/// How the steps for an attack grow; `None` when with the length only.
fn grows(pattern: &Pattern, attack: &Attack, spent: &mut u64) -> Option<Growth> {
    let mut steps = |times: usize| {
        let text: Vec<char> = attack.text(times).chars().collect();
        let steps = pattern.count(&text, BUDGET);
        *spent += steps;
        steps
    };
    let mut counted: Vec<u64> = Vec::new();
    for times in [4, 8, 12, 16, 20] {
        let now = steps(times);
        counted.push(now);
        if now >= BUDGET || counted.len() > 2 && now < 1_200 {
            break;
        }
    }
    // No power below the fifth grows fivefold twice in the last three of these.
    if let [.., few, more, many] = counted.as_slice()
        && *more > few.saturating_mul(5)
        && (*many > more.saturating_mul(5) || *many >= BUDGET)
    {
        return Some(Growth::Exponential);
    }
    // Twice the length each time, and so the logarithm of how much more it takes is the power; the longest two that could be counted say it best.
    let (mut before, mut power) = (steps(16), 1);
    for times in [32, 64, 128] {
        let now = steps(times);
        if now >= BUDGET {
            break;
        }
        power = match now * 10 / before.max(1) {
            0..=29 => 1,
            30..=56 => 2,
            57..=112 => 3,
            _ => 4,
        };
        if power == 1 && times > 32 {
            break;
        }
        before = now;
    }
    (power > 1).then_some(Growth::Power(power))
}

/// Parts of texts to try.
struct Words {
    before: Vec<String>,
    again: Vec<String>,
    after: Vec<String>,
}

impl Words {
    fn of(pattern: &Pattern) -> Self {
        let mut words = Self { before: vec![String::new()], again: Vec::new(), after: Vec::new() };
        let letters = letters(&pattern.sets);
        words.walk(&pattern.part, String::new(), &letters);
        words.again.extend(letters.iter().map(char::to_string));
        let stranger = ['\u{1}', '\n', '!', '\u{e9}']
            .into_iter()
            .find(|letter| !pattern.sets.iter().any(|set| has(set, *letter)));
        words.after.extend(stranger.map(|letter| letter.to_string()));
        words.after.push(String::new());
        words.after.push("\n".to_owned());
        words.after.push("\u{1}".to_owned());
        for list in [&mut words.before, &mut words.again, &mut words.after] {
            let mut seen = Vec::new();
            list.retain(|word| {
                let new = !seen.contains(word);
                seen.push(word.clone());
                new
            });
            list.truncate(CANDIDATES);
        }
        words.again.retain(|word| !word.is_empty());
        words.before.truncate(6);
        words.after.truncate(3);
        words
    }

    /// Goes through a part that stands behind `before`; gives the shortest text with it.
    fn walk(&mut self, part: &Part, before: String, letters: &[char]) -> String {
        match part {
            Part::Set(set) => before + &letter_of(set, letters),
            Part::Assert(_) => before,
            Part::Concat(parts) => parts.iter().fold(before, |before, part| self.walk(part, before, letters)),
            Part::Choice(parts) => {
                let ways: Vec<String> =
                    parts.iter().map(|part| self.walk(part, before.clone(), letters)).collect();
                ways.into_iter().min_by_key(String::len).unwrap_or(before)
            }
            Part::Loop { part, min, max, .. } => {
                let inner = self.walk(part, before.clone(), letters);
                if max.is_none_or(|max| max > 8) {
                    let one = inner.get(before.len()..).unwrap_or_default().to_owned();
                    // All that leads here, again and again: every beginning of the pattern is then tried anew.
                    self.again.push(before.clone());
                    self.again.push(inner.clone());
                    self.again.push(one);
                    self.again.extend(choices(part, letters));
                    self.before.push(before.clone());
                }
                if *min == 0 { before } else { inner }
            }
        }
    }
}

/// One text for each way of a choice, and the ways one after the other.
fn choices(part: &Part, letters: &[char]) -> Vec<String> {
    let shortest = |part: &Part| {
        let mut none = Words { before: Vec::new(), again: Vec::new(), after: Vec::new() };
        none.walk(part, String::new(), letters)
    };
    match part {
        Part::Choice(parts) => {
            let ways: Vec<String> = parts.iter().take(6).map(shortest).collect();
            let all = ways.concat();
            ways.into_iter().chain(std::iter::once(all)).collect()
        }
        Part::Concat(parts) => match parts.as_slice() {
            [one] => choices(one, letters),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A letter of a set, one that other sets have too where there is one.
fn letter_of(set: &Set, letters: &[char]) -> String {
    let shared = letters.iter().copied().find(|letter| has(set, *letter));
    shared.or_else(|| set.first().map(|(from, _)| *from)).map(String::from).unwrap_or_default()
}

/// Letters that tell the sets of a pattern apart, those first that most sets have.
fn letters(sets: &[Set]) -> Vec<char> {
    let mut candidates: Vec<char> = vec!['a', '0', ' ', '-', '.', 'A', '_', '\t', '/', '"', '<'];
    candidates.extend(sets.iter().flatten().map(|(from, _)| *from).take(40));
    let mut counted: Vec<(usize, char)> = candidates
        .into_iter()
        .map(|letter| (sets.iter().filter(|set| has(set, letter)).count(), letter))
        .filter(|(count, _)| *count > 0)
        .collect();
    counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let mut letters: Vec<char> = Vec::new();
    for (_, letter) in counted {
        // One letter for each way of belonging to sets.
        let same = |other: &char| sets.iter().all(|set| has(set, letter) == has(set, *other));
        if !letters.iter().any(same) && letters.len() < 10 {
            letters.push(letter);
        }
    }
    letters
}
