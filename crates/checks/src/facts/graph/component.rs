//! Strongly connected components (Tarjan, 1972, without recursion) and the shortest cycle in one.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

/// The components of at least two nodes, each in ascending order, by their first node. `next` gives the neighbours of a node.
pub fn components(nodes: usize, next: &dyn Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    let mut search = Search {
        number: vec![0; nodes],
        low: vec![0; nodes],
        on_stack: vec![false; nodes],
        ..Search::default()
    };
    for node in 0..nodes {
        if search.number.get(node) == Some(&0) {
            search.from(node, next);
        }
    }
    search.found.sort();
    search.found
}

#[derive(Default)]
struct Search {
    /// From 1 in the order of discovery; 0 for what is not yet discovered.
    number: Vec<usize>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    count: usize,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn from(&mut self, start: usize, next: &dyn Fn(usize) -> Vec<usize>) {
        let mut open = vec![(start, self.discover(start, next))];
        while let Some((node, mut rest)) = open.pop() {
            match rest.next() {
                Some(to) if self.get(&self.number, to) == 0 => {
                    open.push((node, rest));
                    let neighbours = self.discover(to, next);
                    open.push((to, neighbours));
                }
                Some(to) => {
                    if self.on_stack.get(to) == Some(&true) {
                        self.lower(node, self.get(&self.number, to));
                    }
                    open.push((node, rest));
                }
                None => {
                    if self.get(&self.low, node) == self.get(&self.number, node) {
                        self.close(node);
                    }
                    if let Some((parent, _)) = open.last() {
                        self.lower(*parent, self.get(&self.low, node));
                    }
                }
            }
        }
    }

    fn get(&self, list: &[usize], at: usize) -> usize {
        list.get(at).copied().unwrap_or(usize::MAX)
    }

    fn lower(&mut self, node: usize, to: usize) {
        self.low.get_mut(node).into_iter().for_each(|low| *low = (*low).min(to));
    }

    fn discover(&mut self, node: usize, next: &dyn Fn(usize) -> Vec<usize>) -> std::vec::IntoIter<usize> {
        self.count += 1;
        let count = self.count;
        [&mut self.number, &mut self.low]
            .into_iter()
            .filter_map(|list| list.get_mut(node))
            .for_each(|at| *at = count);
        self.on_stack.get_mut(node).into_iter().for_each(|on| *on = true);
        self.stack.push(node);
        next(node).into_iter()
    }

    fn close(&mut self, root: usize) {
        let mut members = Vec::new();
        while let Some(node) = self.stack.pop() {
            self.on_stack.get_mut(node).into_iter().for_each(|on| *on = false);
            members.push(node);
            if node == root {
                break;
            }
        }
        if members.len() > 1 {
            members.sort_unstable();
            self.found.push(members);
        }
    }
}

/// The shortest cycle among the members of a component, beginning at its smallest member; of equally short ones the first
/// found from the first member. Empty when there is none.
pub fn shortest_cycle(members: &[usize], next: &dyn Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let inside: HashSet<usize> = members.iter().copied().collect();
    let mut best: Vec<usize> = Vec::new();
    for start in members {
        let mut came_from: HashMap<usize, usize> = HashMap::new();
        let mut open = VecDeque::from([(*start, 1)]);
        'search: while let Some((node, length)) = open.pop_front() {
            if !best.is_empty() && length >= best.len() {
                break;
            }
            for to in next(node).into_iter().filter(|to| inside.contains(to)) {
                if to == *start {
                    let mut cycle = vec![node];
                    while let Some(before) = came_from.get(cycle.last().unwrap_or(start)) {
                        cycle.push(*before);
                    }
                    cycle.reverse();
                    best = cycle;
                    break 'search;
                }
                if let Entry::Vacant(unseen) = came_from.entry(to) {
                    unseen.insert(node);
                    open.push_back((to, length + 1));
                }
            }
        }
        if best.len() == 2 {
            break;
        }
    }
    let first = best.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
    best.rotate_left(first);
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &'static [(usize, usize)]) -> impl Fn(usize) -> Vec<usize> {
        move |node| edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to).collect()
    }

    #[test]
    fn components_of_one_node_are_none() {
        assert!(components(3, &graph(&[(0, 1), (1, 2), (0, 2)])).is_empty());
    }

    #[test]
    fn two_cycles_that_share_a_node_are_one_component_and_the_shorter_is_shown() {
        let edges = graph(&[(0, 1), (1, 2), (2, 0), (2, 3), (3, 2), (4, 0)]);
        assert_eq!(components(5, &edges), [vec![0, 1, 2, 3]]);
        assert_eq!(shortest_cycle(&[0, 1, 2, 3], &edges), [2, 3]);
    }

    #[test]
    fn a_cycle_of_a_hundred_thousand_needs_no_stack() {
        let next = |node: usize| vec![(node + 1) % 100_000];
        assert_eq!(components(100_000, &next).len(), 1);
    }
}
