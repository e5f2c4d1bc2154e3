//! Reads a part of a conversation level by level: a level asks for at most so many replies of each comment that it
//! shows, so that the cost depends on what is asked for and not on how long the conversation is.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{CutBy, Replies, Sort, Thread, ThreadItem, ThreadItemKind};
use crate::{
    app::App,
    cache::Reading,
    comments::{
        Comment,
        queries::{Ancestors, ChildRow, NewestChildren, OldestChildren, TopChildren},
        read, read_one,
    },
    error::Error,
    page::Paging,
    posts::read_or_tombstone,
    store::{Fact, Run},
    users::Hidden,
};

/// How much of a conversation is asked for.
#[derive(Clone, Debug)]
pub struct Cut {
    pub sort: Sort,
    /// Deepest level shown, counting from the first one shown.
    pub depth: i64,
    /// Most replies shown below each comment of the first level, of all levels together.
    pub replies: usize,
}

/// Where a list of direct replies goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct After {
    #[serde(rename = "l")]
    likes: i64,
    #[serde(rename = "k")]
    key: i64,
    #[serde(rename = "i")]
    id: String,
}

impl After {
    fn nothing(sort: Sort) -> Self {
        let key = if sort == Sort::New { i64::MAX } else { i64::MIN };
        Self { likes: i64::MAX, key, id: String::new() }
    }

    fn row(row: &ChildRow) -> Self {
        Self { likes: row.likes, key: row.rank_key, id: row.id.clone() }
    }
}

/// A page of the conversation below a post.
pub async fn of_post(
    app: &App,
    reading: &Reading<'_>,
    post_id: &str,
    cut: &Cut,
    paging: &Paging,
    viewer: Option<&str>,
) -> Result<Thread, Error> {
    reading.note(&[Fact::Thread(post_id)]);
    let post = read_or_tombstone(&mut &*reading, post_id, viewer).await?;
    let (items, next_cursor) = below(app, reading, post_id, cut, paging, viewer).await?;
    Ok(Thread { post, items, next_cursor })
}

/// A comment with what it replies to before it and a page of its replies after it. Pages after the first have the
/// replies alone.
pub async fn of_comment(
    app: &App,
    reading: &Reading<'_>,
    comment_id: &str,
    cut: &Cut,
    paging: &Paging,
    viewer: Option<&str>,
) -> Result<Thread, Error> {
    let comment = read_one(&mut &*reading, comment_id, viewer).await?;
    let hidden = Hidden::from(&mut &*reading, viewer).await?;
    comment.check(&hidden)?;
    reading.note(&[Fact::Thread(&comment.post_id)]);
    let post = match read_or_tombstone(&mut &*reading, &comment.post_id, viewer).await {
        Err(Error::PostNotFound) => return Err(Error::CommentNotFound),
        post => post?,
    };
    let (replies, next_cursor) = below(app, reading, comment_id, cut, paging, viewer).await?;
    let mut items = Vec::new();
    if paging.cursor.is_none() {
        let mut ids: Vec<String> = Vec::new();
        if comment.parent_id.is_some() {
            let ancestors = Run::run(&mut &*reading, &Ancestors { id: comment_id.to_owned() }).await?;
            ids.extend(ancestors.into_iter().map(|row| row.id));
        }
        let mut ancestors = read(&mut &*reading, &ids, viewer).await?;
        let mut chain: Vec<Comment> = ids.iter().filter_map(|id| ancestors.remove(id)).collect();
        chain.push(comment);
        let first_depth = 1 - i64::try_from(chain.len()).unwrap_or_default();
        let shown = i64::try_from(replies.iter().filter(|item| item.depth == 1).count()).unwrap_or_default();
        for (depth, comment) in (first_depth..).zip(chain) {
            let total = comment.counts.replies;
            let mut item = item(comment, depth, &hidden);
            item.replies = if depth == 0 {
                Replies {
                    total,
                    shown,
                    next_cursor: next_cursor.clone(),
                    cut_by: next_cursor.is_some().then_some(CutBy::Count),
                }
            } else {
                // Of an ancestor's replies only the one that leads here is shown; its own thread has them all.
                let cut_by = (total > 1).then_some(CutBy::Count);
                let all =
                    cut_by.map(|_| app.cursors.seal(&list(&item.id, cut.sort), &After::nothing(cut.sort)));
                Replies { total, shown: 1, next_cursor: all, cut_by }
            };
            items.push(item);
        }
    }
    items.extend(replies);
    Ok(Thread { post, items, next_cursor })
}

/// A node of the part that is shown.
struct Node {
    row: ChildRow,
    depth: i64,
    /// The comment of the first level above it, by position.
    root: usize,
    children: Vec<usize>,
}

/// The replies below a post or comment, in reading order, and where the first level goes on.
async fn below(
    app: &App,
    reading: &Reading<'_>,
    parent: &str,
    cut: &Cut,
    paging: &Paging,
    viewer: Option<&str>,
) -> Result<(Vec<ThreadItem>, Option<String>), Error> {
    let top = list(parent, cut.sort);
    let after = app.cursors.position(&top, paging, After::nothing(cut.sort))?;
    let rows = children(reading, vec![parent.to_owned()], after, cut.sort, paging.limit + 1).await?;
    let (rows, next_cursor) = app.cursors.cut(&top, paging.limit, rows, After::row);

    let mut nodes: Vec<Node> = rows
        .into_iter()
        .enumerate()
        .map(|(root, row)| Node { row, depth: 1, root, children: Vec::new() })
        .collect();
    let roots = nodes.len();
    let mut left = vec![cut.replies; roots];
    let mut level: Vec<usize> = (0..roots).collect();
    for depth in 2..=cut.depth {
        let open: Vec<usize> = level.iter().copied().filter(|&node| left[nodes[node].root] > 0).collect();
        if open.is_empty() {
            break;
        }
        let parents: HashMap<String, usize> =
            open.iter().map(|&node| (nodes[node].row.id.clone(), node)).collect();
        let ids = open.iter().map(|&node| nodes[node].row.id.clone()).collect();
        let found = children(reading, ids, After::nothing(cut.sort), cut.sort, cut.replies).await?;
        // In the order of the parents, each parent's replies in theirs.
        let mut by_parent: HashMap<usize, Vec<ChildRow>> = HashMap::new();
        for row in found {
            if let Some(&parent) = parents.get(&row.parent_id) {
                by_parent.entry(parent).or_default().push(row);
            }
        }
        level = Vec::new();
        for parent in open {
            let root = nodes[parent].root;
            for row in by_parent.remove(&parent).unwrap_or_default() {
                if left[root] == 0 {
                    break;
                }
                left[root] -= 1;
                let child = nodes.len();
                level.push(child);
                nodes[parent].children.push(child);
                nodes.push(Node { row, depth, root, children: Vec::new() });
            }
        }
    }
    let ids: Vec<String> = nodes.iter().map(|node| node.row.id.clone()).collect();
    let mut comments = read(&mut &*reading, &ids, viewer).await?;
    let hidden = Hidden::from(&mut &*reading, viewer).await?;
    let mut items = Vec::with_capacity(nodes.len());
    let mut stack: Vec<usize> = (0..roots).rev().collect();
    while let Some(node) = stack.pop() {
        let Node { row, depth, children, .. } = &nodes[node];
        stack.extend(children.iter().rev());
        if let Some(comment) = comments.remove(&row.id) {
            let replies = replies(app, &comment, children, &nodes, *depth == cut.depth, cut.sort);
            items.push(ThreadItem { replies, ..item(comment, *depth, &hidden) });
        }
    }
    Ok((items, next_cursor))
}

fn replies(
    app: &App,
    comment: &Comment,
    children: &[usize],
    nodes: &[Node],
    deepest: bool,
    sort: Sort,
) -> Replies {
    let (total, shown) = (comment.counts.replies, i64::try_from(children.len()).unwrap_or_default());
    let cut_by = (shown < total).then_some(if deepest { CutBy::Depth } else { CutBy::Count });
    let next_cursor = cut_by.map(|_| {
        let after =
            children.last().map_or_else(|| After::nothing(sort), |&last| After::row(&nodes[last].row));
        app.cursors.seal(&list(&comment.id, sort), &after)
    });
    Replies { total, shown, next_cursor, cut_by }
}

fn item(comment: Comment, depth: i64, hidden: &Hidden) -> ThreadItem {
    let kind = match &comment {
        comment if comment.removed => ThreadItemKind::Removed,
        comment if comment.deleted => ThreadItemKind::Deleted,
        comment if comment.is_of(hidden) => ThreadItemKind::Hidden,
        _ => ThreadItemKind::Comment,
    };
    ThreadItem {
        kind,
        id: comment.id.clone(),
        parent_id: comment.parent_id.clone(),
        depth,
        replies: Replies { total: comment.counts.replies, shown: 0, next_cursor: None, cut_by: None },
        comment: (kind == ThreadItemKind::Comment).then_some(comment),
    }
}

fn list(parent: &str, sort: Sort) -> String {
    format!("thread:{parent}:{sort:?}")
}

async fn children(
    mut reading: &Reading<'_>,
    parents: Vec<String>,
    after: After,
    sort: Sort,
    per_parent: usize,
) -> Result<Vec<ChildRow>, Error> {
    let After { likes: after_likes, key: after_key, id: after_id } = after;
    match sort {
        Sort::Old => reading.run(&OldestChildren { parents, after_key, after_id, per_parent }).await,
        Sort::New => reading.run(&NewestChildren { parents, after_key, after_id, per_parent }).await,
        Sort::Top => {
            reading.run(&TopChildren { parents, after_likes, after_key, after_id, per_parent }).await
        }
    }
}
