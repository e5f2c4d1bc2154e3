//! Reposting: a toggle that counts against the day's quota.

use super::queries::{FindRepost, Repost};
use crate::{
    clock::Timestamp,
    error::Error,
    posts::{check_quota, check_shown, lock_author, missing, queries::repost_id},
    store::{Run, Tx, Work},
};

pub struct RepostOnce {
    pub viewer: String,
    pub post: String,
    pub rank_key: i64,
    pub quota: Option<u32>,
}

impl Work for RepostOnce {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        let (id, now) = (repost_id(&self.viewer, &self.post), Timestamp::of_rank_key(self.rank_key));
        if let Some(quota) = self.quota {
            // Looked for under the lock: a repetition that comes at the same time must not count.
            let made = lock_author(tx, &self.viewer, now).await?;
            if tx.one(&FindRepost { id: id.clone() }).await?.is_some() {
                return Ok(());
            }
            check_quota(made, quota)?;
        }
        check_shown(tx, &self.post, Some(&self.viewer)).await?.check_public()?;
        let repost =
            Repost { viewer: self.viewer.clone(), post: self.post.clone(), id, rank_key: self.rank_key };
        match tx.one(&repost).await? {
            Some(_) => Ok(()),
            None => Err(missing(tx, &self.post).await),
        }
    }
}
