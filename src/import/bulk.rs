//! Writes rows in batches, each in one transaction, and counts what became of them.

use std::{collections::HashSet, time::Duration};

use super::{
    ImportError, Report,
    progress::Progress,
    queries::{
        CommentRow, ImportCommentLikes, ImportComments, ImportFollows, ImportMentions, ImportPostLikes,
        ImportPosts, ImportReplies, ImportReposts, ImportTags, ImportUsers, MentionRow, PairRow, PostRow,
        Replan, RepostRow, TagRow, UserRow, Written,
    },
};
use crate::{
    clock::Timestamp,
    cypher::Query,
    error::Error,
    feeds::heat::Points,
    store::{Run, Store, Tx, Work},
    text,
};

/// Rows of one transaction: enough to make round trips cheap, few enough to stay within the store's timeout.
const BATCH: usize = 1000;
/// How long the database may look at its indexes.
const REPLAN_LIMIT: Duration = Duration::from_mins(5);

pub struct Loader<'a> {
    pub store: &'a Store,
    pub progress: &'a dyn Progress,
    pub report: Report,
    points: Points,
}

impl<'a> Loader<'a> {
    pub fn new(store: &'a Store, progress: &'a dyn Progress) -> Self {
        Self { store, progress, report: Report::default(), points: Points::default() }
    }

    /// What was done. Neo4j notices by itself some time later that its indexes have grown, and until then may plan as if
    /// they were empty: so it is told.
    pub async fn finish(self) -> Result<Report, ImportError> {
        self.points.settle(self.store).await?;
        if self.report.loaded() > 0
            && let Err(error) = self.store.run_within(REPLAN_LIMIT, &Replan {}).await
        {
            tracing::warn!(%error, "the database could not be told to plan anew, and will do so by itself");
        }
        Ok(self.report)
    }

    pub async fn users(&mut self, rows: &[UserRow]) -> Result<(), ImportError> {
        let batches = rows.chunks(BATCH);
        self.step("users", "", rows.len(), batches, |rows| ImportUsers { rows: rows.to_vec() }).await
    }

    pub async fn follows(&mut self, rows: &[PairRow]) -> Result<(), ImportError> {
        let lost = "follows of or by somebody who is not in the graph";
        let rows = once(rows);
        let batches = rows.chunks(BATCH);
        self.step("follows", lost, rows.len(), batches, |rows| ImportFollows { rows: rows.to_vec() }).await
    }

    pub async fn posts(&mut self, rows: &[PostRow]) -> Result<(), ImportError> {
        self.progress.begin("posts", rows.len());
        for batch in rows.chunks(BATCH) {
            let written = self.store.write(&PostBatch::new(batch)).await?;
            let lost = "posts whose author is not in the graph, or that were deleted here";
            self.count("posts", lost, batch.len(), &written).await;
        }
        self.progress.end();
        Ok(())
    }

    /// Parents come before their replies, whatever the order of the rows.
    pub async fn comments(&mut self, mut rows: Vec<CommentRow>) -> Result<(), ImportError> {
        rows.sort_by_key(|row| row.depth);
        for row in &rows {
            self.points.comment(&row.post, Timestamp(row.created_at));
        }
        self.progress.begin("comments", rows.len());
        for level in rows.chunk_by(|one, other| one.depth == other.depth) {
            for batch in level.chunks(BATCH) {
                let rows = batch.to_vec();
                let written = if batch.iter().all(|row| row.parent.is_none()) {
                    self.store.run(&ImportComments { rows }).await?
                } else {
                    self.store.run(&ImportReplies { rows }).await?
                };
                let lost = "comments whose author, post or parent is not in the graph";
                self.count("comments", lost, batch.len(), &written).await;
            }
        }
        self.progress.end();
        Ok(())
    }

    pub async fn post_likes(&mut self, rows: &[PairRow]) -> Result<(), ImportError> {
        let lost = "likes of posts by somebody or of a post that is not in the graph";
        let rows = once(rows);
        for row in &rows {
            self.points.like(&row.target, Timestamp::of_rank_key(row.rank_key));
        }
        let batches = rows.chunks(BATCH);
        self.step("post likes", lost, rows.len(), batches, |rows| ImportPostLikes { rows: rows.to_vec() })
            .await
    }

    pub async fn comment_likes(&mut self, rows: &[PairRow]) -> Result<(), ImportError> {
        let lost = "likes of comments by somebody or of a comment that is not in the graph";
        let rows = once(rows);
        let name = "comment likes";
        let batches = rows.chunks(BATCH);
        self.step(name, lost, rows.len(), batches, |rows| ImportCommentLikes { rows: rows.to_vec() }).await
    }

    pub async fn reposts(&mut self, rows: &[RepostRow]) -> Result<(), ImportError> {
        let lost = "reposts by somebody or of a post that is not in the graph";
        for row in rows {
            self.points.repost(&row.post, Timestamp::of_rank_key(row.rank_key));
        }
        let batches = rows.chunks(BATCH);
        self.step("reposts", lost, rows.len(), batches, |rows| ImportReposts { rows: rows.to_vec() }).await
    }

    async fn step<'r, R: 'r + Sync, Q: Query<Row = Written>>(
        &mut self,
        name: &'static str,
        lost: &str,
        total: usize,
        batches: impl Iterator<Item = &'r [R]> + Send,
        query: impl Fn(&[R]) -> Q + Send,
    ) -> Result<(), ImportError> {
        self.progress.begin(name, total);
        for batch in batches {
            let written = self.store.run(&query(batch)).await?;
            self.count(name, lost, batch.len(), &written).await;
        }
        self.progress.end();
        Ok(())
    }

    /// Counts a batch that is done, and lets others have a turn: a write on the embedded graph keeps its thread, and whoever
    /// may stop an import would not be asked before its end.
    async fn count(&mut self, name: &'static str, lost: &str, sent: usize, written: &[Written]) {
        let present = written.iter().filter(|row| row.present).count();
        let step = self.report.step(name);
        step.present += present;
        step.loaded += written.len() - present;
        self.report.skip(lost, sent - written.len());
        self.progress.advance(sent);
        tokio::task::yield_now().await;
    }
}

/// Each pair of ends once: a repetition within a batch would be counted as new.
fn once(rows: &[PairRow]) -> Vec<PairRow> {
    let mut seen = HashSet::new();
    rows.iter().filter(|row| seen.insert((row.source.as_str(), row.target.as_str()))).cloned().collect()
}

/// Some posts with their tags and mentions: a post that exists is complete.
struct PostBatch {
    posts: ImportPosts,
    tags: Vec<TagRow>,
    mentions: Vec<MentionRow>,
}

impl PostBatch {
    fn new(rows: &[PostRow]) -> Self {
        let (mut tags, mut mentions) = (Vec::new(), Vec::new());
        for row in rows {
            for tag in &row.tags {
                tags.push(TagRow { post: row.id.clone(), tag: tag.clone(), rank_key: row.rank_key });
            }
            for handle in text::mentions(&row.text) {
                mentions.push(MentionRow { post: row.id.clone(), handle });
            }
        }
        Self { posts: ImportPosts { rows: rows.to_vec() }, tags, mentions }
    }
}

impl Work for PostBatch {
    type Output = Vec<Written>;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Written>, Error> {
        let written = tx.run(&self.posts).await?;
        let new: HashSet<&str> =
            written.iter().filter(|row| !row.present).map(|row| row.id.as_str()).collect();
        let rows: Vec<_> = self.tags.iter().filter(|row| new.contains(row.post.as_str())).cloned().collect();
        if !rows.is_empty() {
            tx.run(&ImportTags { rows }).await?;
        }
        let rows: Vec<_> =
            self.mentions.iter().filter(|row| new.contains(row.post.as_str())).cloned().collect();
        if !rows.is_empty() {
            tx.run(&ImportMentions { rows }).await?;
        }
        Ok(written)
    }
}
