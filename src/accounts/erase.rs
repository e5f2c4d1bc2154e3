//! Erasing an account: in steps that each hold, so that a crash half-way loses nothing of the erasure.

use super::queries::{
    BeginErasure, EndErasure, EraseKeys, EraseRelationships, EraseReports, EraseReportsAbout, EraseReposts,
    OpenErasures, SomeComments, SomePosts,
};
use crate::{app::App, comments::DeleteComment, error::Error, posts::DeletePost, store::StoreError};

/// How much one step deletes.
const STEP: usize = 200;

/// Erases an account and everything it made.
pub async fn erase(app: &App, user: &str) -> Result<(), Error> {
    app.store.run(&BeginErasure { user: user.to_owned() }).await?;
    app.forget_accounts();
    finish(app, user).await
}

/// Ends erasures that a crash interrupted.
pub async fn resume(app: &App) -> Result<(), Error> {
    for erasure in app.store.run(&OpenErasures {}).await? {
        finish(app, &erasure.id).await?;
    }
    Ok(())
}

/// Erases until nothing is left: another instance may let the person write for the seconds in which it
/// remembers their session.
async fn finish(app: &App, user: &str) -> Result<(), Error> {
    let erased = EndErasure { user: user.to_owned() };
    loop {
        erase_what_there_is(app, user).await?;
        match app.store.run(&erased).await {
            Ok(rows) if rows.is_empty() => {}
            // Something came while the last node went.
            Err(Error::Store(StoreError::Duplicate(_))) => {}
            answer => return answer.map(drop),
        }
    }
}

async fn erase_what_there_is(app: &App, user: &str) -> Result<(), Error> {
    let user = user.to_owned();
    loop {
        let posts = app.store.run(&SomePosts { user: user.clone(), limit: STEP }).await?;
        if posts.is_empty() {
            break;
        }
        for post in posts {
            gone(
                app.store
                    .write(&DeletePost { viewer: user.clone(), post: post.id, now: app.clock.now().0 })
                    .await,
            )?;
        }
    }
    loop {
        let comments = app.store.run(&SomeComments { user: user.clone(), limit: STEP }).await?;
        if comments.is_empty() {
            break;
        }
        for comment in comments {
            gone(app.store.write(&DeleteComment { viewer: user.clone(), comment: comment.id }).await)?;
        }
    }
    while !app.store.run(&EraseReposts { user: user.clone(), limit: STEP }).await?.is_empty() {}
    while !app.store.run(&EraseReports { user: user.clone(), limit: STEP }).await?.is_empty() {}
    while !app.store.run(&EraseReportsAbout { user: user.clone(), limit: STEP }).await?.is_empty() {}
    while !app.store.run(&EraseRelationships { user: user.clone(), limit: STEP }).await?.is_empty() {}
    app.store.run(&EraseKeys { user }).await?;
    Ok(())
}

/// Somebody else may have deleted it first, an earlier erasure for one.
fn gone<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Ok(_)
        | Err(Error::PostNotFound | Error::PostDeleted | Error::PostRemoved | Error::CommentNotFound) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
