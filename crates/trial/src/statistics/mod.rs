//! Small exact statistics: what clean trials rule out, and how many are needed.

use seaworthy_core::{Bound, BoundNeeded};

/// How many trials without a failure rule out what is needed: the smallest n with 1 - (1 - confidence)^(1/n) <= rate
/// (Clopper and Pearson, 1934, for zero events). `None` when no number would.
pub fn trials_needed(needed: &BoundNeeded) -> Option<u64> {
    let possible =
        needed.rate > 0.0 && needed.rate < 1.0 && needed.confidence > 0.0 && needed.confidence < 1.0;
    if !possible {
        return None;
    }
    // (1 - rate)^n <= 1 - confidence.
    let estimate = ((1.0 - needed.confidence).ln() / (1.0 - needed.rate).ln()).ceil();
    if !estimate.is_finite() || estimate < 1.0 || estimate > seaworthy_core::limits::TRIALS as f64 {
        return None;
    }
    let mut trials = estimate as u64;
    // The logarithms round: step to the exact threshold as Bound itself computes it.
    while Bound::zero_failures(trials, needed.confidence).is_some_and(|bound| !bound.meets(needed)) {
        trials += 1;
    }
    Some(trials)
}

/// How many trials without a failure a bound is about.
pub fn trials_behind(bound: &Bound) -> Option<u64> {
    let trials = ((1.0 - bound.confidence).ln() / (1.0 - bound.rate).ln()).round();
    (trials.is_finite() && trials >= 1.0 && trials <= seaworthy_core::limits::TRIALS as f64)
        .then_some(trials as u64)
}

/// How likely at least `failures` of `trials` are when each fails with probability `rate` (the upper tail of the binomial distribution).
pub fn at_least(failures: u64, trials: u64, rate: f64) -> f64 {
    if failures == 0 || rate >= 1.0 {
        return 1.0;
    }
    if failures > trials || rate <= 0.0 {
        return 0.0;
    }
    // Sum from the largest term on: log of each by its predecessor.
    let (ln_p, ln_q) = (rate.ln(), (1.0 - rate).ln());
    let mut ln_term =
        ln_choose(trials, failures) + failures as f64 * ln_p + (trials - failures) as f64 * ln_q;
    let mut sum = 0.0;
    for k in failures..=trials {
        let term = ln_term.exp();
        sum += term;
        // Past the mean, terms only fall: the rest does not show in the sum.
        if k as f64 > trials as f64 * rate && term < sum * 1e-15 {
            break;
        }
        ln_term += ((trials - k) as f64).ln() - ((k + 1) as f64).ln() + ln_p - ln_q;
    }
    sum.min(1.0)
}

/// A bet against "either is as likely", at even odds, with what has been seen so far as the only guide: the estimator of Krichevsky and Trofimov,
/// which mixes all rates by Beta(1/2, 1/2). What it has won is an e-process: it may be looked at after every outcome, and reaches `1 / alpha` with a
/// probability of at most `alpha` when the bet is fair (Ville's inequality).
#[derive(Debug, Clone, Copy)]
pub struct Bet {
    yes: u64,
    no: u64,
    won: f64,
}

impl Default for Bet {
    fn default() -> Self {
        Self { yes: 0, no: 0, won: 1.0 }
    }
}

impl Bet {
    /// One more outcome.
    pub fn see(&mut self, outcome: bool) {
        let same = if outcome { &mut self.yes } else { &mut self.no };
        let count = *same as f64;
        *same += 1;
        let before = (self.yes + self.no - 1) as f64;
        self.won *= 2.0 * (count + 0.5) / (before + 1.0);
    }

    /// What one unit has become.
    pub fn won(&self) -> f64 {
        self.won
    }
}

fn ln_choose(n: u64, k: u64) -> f64 {
    let k = k.min(n - k);
    (1..=k).map(|i| ((n - k + i) as f64).ln() - (i as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_tells_how_many_trials_it_is_about() {
        for trials in [1, 14, 20, 42, 2_301, 100_000] {
            let bound = Bound::zero_failures(trials, 0.95).unwrap();
            assert_eq!(trials_behind(&bound), Some(trials));
        }
        assert_eq!(trials_behind(&Bound { rate: 0.0, confidence: 0.95 }), None);
    }

    #[test]
    fn the_number_of_trials_is_the_smallest_that_meets_the_bound() {
        // 1,497 at 95% and 2,301 at 99% for 0.2% were computed independently (n = ln α / ln(1-p)), 299 at 95% for 1% is textbook.
        for (rate, confidence, trials) in
            [(0.002, 0.95, 1_497), (0.002, 0.99, 2_301), (0.01, 0.95, 299), (0.5, 0.95, 5)]
        {
            let needed = BoundNeeded { rate, confidence };
            assert_eq!(trials_needed(&needed), Some(trials));
            assert!(Bound::zero_failures(trials, confidence).unwrap().meets(&needed));
            assert!(!Bound::zero_failures(trials - 1, confidence).unwrap().meets(&needed));
        }
        assert_eq!(trials_needed(&BoundNeeded { rate: 0.0, confidence: 0.95 }), None);
    }

    #[test]
    fn tails_are_those_of_the_published_tables() {
        // Summed exactly with Python integers (math.comb)
        for (failures, trials, rate, expected) in [
            (1, 10, 0.1, 0.6513215599),
            (3, 20, 0.05, 0.0754836738),
            (5, 5, 0.5, 0.03125),
            (60, 100, 0.5, 0.0284439668),
        ] {
            assert!(
                (at_least(failures, trials, rate) - expected).abs() < 1e-9,
                "{failures} of {trials} at {rate}"
            );
        }
        assert_eq!(at_least(0, 10, 0.1), 1.0);
        assert_eq!(at_least(11, 10, 0.1), 0.0);
    }
}
