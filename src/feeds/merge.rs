//! The newest entries of each author, which are kept whoever reads them, and the merge of several authors' to one feed.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use super::queries::{EntryRow, Recent};
use crate::page::Position;

/// How many of an author's newest entries are kept.
const KEPT: usize = 32;

/// The newest entries of those authors.
pub fn recent<'a>(authors: impl IntoIterator<Item = &'a str>) -> Recent {
    Recent { authors: authors.into_iter().map(str::to_owned).collect(), since: i64::MIN, limit: KEPT }
}

/// The newest entries of all the lists after a position; nothing if what is kept of a list ends before that is known.
pub fn merge(lists: &[Arc<Vec<EntryRow>>], before: &Position, limit: usize) -> Option<Vec<EntryRow>> {
    let mut heads = BinaryHeap::new();
    for (n, list) in lists.iter().enumerate() {
        let first = list.partition_point(|row| !before.is_before(row.rank_key, &row.id));
        match list.get(first) {
            Some(row) => heads.push((row.rank_key, row.id.as_str(), Reverse(n), first)),
            None if list.len() < KEPT => {}
            None => return None,
        }
    }
    let mut merged = Vec::with_capacity(limit);
    while let Some((_, _, Reverse(n), place)) = heads.pop() {
        let list = &lists[n];
        merged.push(list[place].clone());
        if merged.len() == limit {
            break;
        }
        match list.get(place + 1) {
            Some(row) => heads.push((row.rank_key, row.id.as_str(), Reverse(n), place + 1)),
            None if list.len() < KEPT => {}
            None => return None,
        }
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{cypher::Keyed, store::Addition};

    fn row(author: usize, key: i64) -> EntryRow {
        let id = format!("{author}-{key}");
        EntryRow { id: id.clone(), post_id: id, author_id: author.to_string(), rank_key: key, quote_of: None }
    }

    proptest! {
        /// A merge of what is kept is the beginning of the merge of everything, or says that it cannot know.
        #[test]
        fn a_merge_is_exact_or_none(
            histories in prop::collection::vec(prop::collection::btree_set(0i64..200, 0..60), 1..6),
            key in 0i64..200,
            limit in 1usize..60,
        ) {
            let before = Position { key, id: "5".to_owned() };
            let mut all: Vec<EntryRow> = Vec::new();
            let mut lists = Vec::new();
            for (author, keys) in histories.iter().enumerate() {
                let rows: Vec<EntryRow> = keys.iter().rev().map(|key| row(author, *key)).collect();
                lists.push(Arc::new(rows.iter().take(KEPT).cloned().collect::<Vec<_>>()));
                all.extend(rows);
            }
            all.retain(|row| before.is_before(row.rank_key, &row.id));
            all.sort_by(|one, other| (other.rank_key, &other.id).cmp(&(one.rank_key, &one.id)));
            all.truncate(limit);
            let ids = |rows: &[EntryRow]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
            if let Some(merged) = merge(&lists, &before, limit) {
                prop_assert_eq!(ids(&merged), ids(&all));
            } else {
                prop_assert!(histories.iter().any(|keys| keys.len() >= KEPT));
            }
        }

        /// What is kept of an author and what has been added since are what is kept of them then.
        #[test]
        fn a_list_with_its_additions_is_the_list(
            before in prop::collection::btree_set(0i64..200, 0..60),
            added in prop::collection::vec(0i64..200, 0..60),
            others in prop::collection::vec(0i64..200, 0..3),
        ) {
            let list = |keys: &BTreeSet<i64>| {
                keys.iter().rev().take(KEPT).map(|key| row(7, *key)).collect::<Vec<EntryRow>>()
            };
            let addition = |author: usize, key: &i64| {
                let EntryRow { id, post_id, author_id, rank_key, .. } = row(author, *key);
                Arc::new(Addition { author: author_id, id, post: post_id, rank_key })
            };
            let new = added.iter().map(|key| addition(7, key));
            let new: Vec<_> = new.chain(others.iter().map(|key| addition(8, key))).collect();
            let grown = recent(["6", "7"]).grown(1, &list(&before), &new);
            let after: BTreeSet<i64> = before.iter().chain(&added).copied().collect();
            let ids = |rows: &[EntryRow]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ids(&grown), ids(&list(&after)));
        }
    }
}
