//! The nearest right name to a wrong one.

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `wrong`, if so few that it is
/// likely what was meant: at most a third of the longer name's length, and at least one is allowed.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.chars().take(100).collect();
    candidates
        .into_iter()
        .map(|candidate| (edits(&wrong, &candidate.chars().take(100).collect::<Vec<_>>()), candidate))
        .filter(|(distance, candidate)| *distance <= (wrong.len().max(candidate.len()) / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance (Damerau and Levenshtein, without a second edit of what was swapped).
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(left != right)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left == b[j - 1] && a[i - 1] == right {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        let names = ["module", "modules", "money", "service"];
        assert_eq!(nearest("sevrice", names), Some("service"));
        assert_eq!(nearest("modul", names), Some("module"));
        assert_eq!(nearest("mony", names), Some("money"));
    }

    #[test]
    fn what_is_far_from_everything_finds_nothing() {
        assert_eq!(nearest("kubernetes", ["module", "money"]), None);
        assert_eq!(nearest("", ["module"]), None);
    }
}
