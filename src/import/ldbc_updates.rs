//! The benchmark's update streams, replayed in the order of time through the writes of the API.

use std::{collections::HashMap, path::Path};

use super::{
    ImportError, Report,
    files::{Files, Row},
    ldbc::{Kind, TAGS, clean, display_name, follow, handle, post_text, push_once, rank_key, tag_names},
    progress::Progress,
    queries::{KeepSourceOfComment, KeepSourceOfPost, KeepSourceOfUser, PairRow},
};
use crate::{
    clock::Timestamp,
    comments::{
        CreateComment,
        queries::{CommentsViewerState, FindComment},
    },
    cypher::Query,
    error::Error,
    feeds::heat::Points,
    follows::queries::Follow,
    idempotency::Creation,
    posts::{
        CreatePost, Visibility,
        queries::{FindDeletedPosts, FindPost, PostOfUser, PostsViewerState},
    },
    reactions::queries::{LikeComment, LikePost},
    store::{Run, Store, Tx, Work},
    users::queries::{CreateUser, FindUsersById, UsersViewerState},
};

const PERSON_STREAM: &str = "update_streams/updateStream_0_0_person.csv";
const FORUM_STREAM: &str = "update_streams/updateStream_0_0_forum.csv";

/// The events of the streams, read and checked as a whole before anything is written.
#[derive(Debug, Default)]
pub struct Updates {
    /// In the order of time.
    events: Vec<(Timestamp, Event)>,
    left_out: Report,
}

#[derive(Debug)]
enum Event {
    Person { creation: CreateUser, source: KeepSourceOfUser },
    Post { creation: CreatePost, source: KeepSourceOfPost },
    Comment { creation: CreateComment, parent: Parent, source: KeepSourceOfComment },
    PostLike(PairRow),
    CommentLike(PairRow),
    Friendship(PairRow, PairRow),
}

/// What a comment replies to. The post of a comment is known when it comes to it.
#[derive(Debug)]
enum Parent {
    Post,
    Comment(String),
}

/// What became of an event.
enum Outcome {
    Done,
    Present,
    Skipped(&'static str),
}

impl Updates {
    /// Reads a folder with `update_streams` and `static` in it.
    pub fn read(folder: &Path) -> Result<Self, ImportError> {
        let files = Files::open(folder, &[PERSON_STREAM, FORUM_STREAM, TAGS])?;
        let tags = tag_names(&files)?;
        let mut updates = Self::default();
        // People first: at equal times somebody must exist before they do something.
        for name in [PERSON_STREAM, FORUM_STREAM] {
            for row in files.stream(name)? {
                updates.event(&row, &tags)?;
            }
        }
        updates.events.sort_by_key(|(at, _)| *at);
        Ok(updates)
    }

    fn event(&mut self, row: &Row, tags: &HashMap<u64, String>) -> Result<(), ImportError> {
        // When it is due, when what it depends on was made, and what kind of event it is.
        let (at, kind) = (row.moment(0)?, row.number(2)?);
        let columns = match kind {
            1 => 17,
            2 | 3 | 5 | 8 => 6,
            4 => 8,
            6 => 15,
            7 => 14,
            _ => return Err(row.malformed(format!("there is no event of type {kind}"))),
        };
        if row.len() != columns {
            let message = format!("{} fields where an event of type {kind} has {columns}", row.len());
            return Err(row.malformed(message));
        }
        let event = match kind {
            1 => Some(person(row)?),
            2 => Some(Event::PostLike(like(row, Kind::Post)?)),
            3 => Some(Event::CommentLike(like(row, Kind::Comment)?)),
            4 => self.leave_out("updates: new forums, which Kith has none of"),
            5 => self.leave_out("updates: memberships of forums, which Kith has none of"),
            6 => match post(row, tags)? {
                Some(post) => Some(post),
                None => self.leave_out("updates: posts with neither text nor image"),
            },
            7 => {
                self.left_out.skip("tags of comments: in Kith only posts have tags", row.numbers(13)?.len());
                match comment(row)? {
                    Some(comment) => Some(comment),
                    None => self.leave_out("updates: comments without text"),
                }
            }
            _ => {
                let (one, other, since) = (row.number(3)?, row.number(4)?, row.moment(5)?);
                if one == other {
                    self.leave_out("updates: friendships with oneself")
                } else {
                    Some(Event::Friendship(follow(one, other, since), follow(other, one, since)))
                }
            }
        };
        self.events.extend(event.map(|event| (at, event)));
        Ok(())
    }

    fn leave_out(&mut self, reason: &str) -> Option<Event> {
        self.left_out.skip(reason, 1);
        None
    }

    /// Does what has not been done yet, one event after the other.
    pub async fn replay(&self, store: &Store, progress: &dyn Progress) -> Result<Report, ImportError> {
        let mut report = self.left_out.clone();
        for step in [
            "new users",
            "new friendships",
            "new posts",
            "new comments",
            "new post likes",
            "new comment likes",
        ] {
            report.step(step);
        }
        let mut points = Points::default();
        progress.begin("updates", self.events.len());
        for (_, event) in &self.events {
            let step = event.step();
            match event.apply(store, &mut points).await? {
                Outcome::Done => report.step(step).loaded += 1,
                Outcome::Present => report.step(step).present += 1,
                Outcome::Skipped(reason) => report.skip(reason, 1),
            }
            progress.advance(1);
        }
        progress.end();
        points.settle(store).await?;
        Ok(report)
    }
}

impl Event {
    fn step(&self) -> &'static str {
        match self {
            Self::Person { .. } => "new users",
            Self::Post { .. } => "new posts",
            Self::Comment { .. } => "new comments",
            Self::PostLike(_) => "new post likes",
            Self::CommentLike(_) => "new comment likes",
            Self::Friendship(..) => "new friendships",
        }
    }

    async fn apply(&self, store: &Store, points: &mut Points) -> Result<Outcome, Error> {
        match self {
            Self::Person { creation, source } => {
                if found(store, &FindUsersById { ids: vec![creation.id.clone()] }).await? {
                    return Ok(Outcome::Present);
                }
                done(store.write(&Imported { creation, source }).await)
            }
            Self::Post { creation, source } => {
                if found(store, &FindPost { id: creation.id.clone() }).await? {
                    return Ok(Outcome::Present);
                }
                if found(store, &FindDeletedPosts { ids: vec![creation.id.clone()] }).await? {
                    return Ok(Outcome::Skipped("updates: posts that were deleted here"));
                }
                done(store.write(&Imported { creation, source }).await)
            }
            Self::Comment { creation, parent, source } => {
                if found(store, &FindComment { id: creation.id.clone() }).await? {
                    return Ok(Outcome::Present);
                }
                let mut creation = creation.clone();
                if let Parent::Comment(parent) = parent {
                    let Some(found) = store.run(&FindComment { id: parent.clone() }).await?.pop() else {
                        return Ok(Outcome::Skipped(
                            "updates: replies to a comment that is not in the graph",
                        ));
                    };
                    creation.post = found.post_id;
                }
                points.comment(&creation.post, creation.created_at);
                done(store.write(&Imported { creation: &creation, source }).await)
            }
            Self::PostLike(PairRow { source: viewer, target: post, rank_key }) => {
                let posts = vec![PostOfUser::new(post, viewer)];
                let state = store.run(&PostsViewerState { viewer: viewer.clone(), posts }).await?.pop();
                if state.is_some_and(|state| state.liked) {
                    return Ok(Outcome::Present);
                }
                points.like(post, Timestamp::of_rank_key(*rank_key));
                let like = LikePost { viewer: viewer.clone(), post: post.clone(), rank_key: *rank_key };
                toggled(store, &like, "updates: likes by somebody or of a post that is not in the graph")
                    .await
            }
            Self::CommentLike(PairRow { source: viewer, target: comment, rank_key }) => {
                let state = CommentsViewerState { viewer: viewer.clone(), ids: vec![comment.clone()] };
                if found(store, &state).await? {
                    return Ok(Outcome::Present);
                }
                let like =
                    LikeComment { viewer: viewer.clone(), comment: comment.clone(), rank_key: *rank_key };
                let reason = "updates: likes by somebody or of a comment that is not in the graph";
                toggled(store, &like, reason).await
            }
            Self::Friendship(one, other) => {
                let state = UsersViewerState { viewer: one.source.clone(), ids: vec![one.target.clone()] };
                let state = store.run(&state).await?.pop();
                if state.is_some_and(|state| state.following && state.followed_by) {
                    return Ok(Outcome::Present);
                }
                let reason = "updates: friendships with somebody who is not in the graph";
                for PairRow { source: viewer, target: user, rank_key } in [one, other] {
                    let follow = Follow { viewer: viewer.clone(), user: user.clone(), rank_key: *rank_key };
                    if let Outcome::Skipped(reason) = toggled(store, &follow, reason).await? {
                        return Ok(Outcome::Skipped(reason));
                    }
                }
                Ok(Outcome::Done)
            }
        }
    }
}

/// What the API does to create something, and a note of where it comes from, in one transaction.
struct Imported<'a, C, S> {
    creation: &'a C,
    source: &'a S,
}

impl<C: Creation, S: Query> Work for Imported<'_, C, S> {
    type Output = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Error> {
        self.creation.create(tx).await?;
        tx.run(self.source).await?;
        Ok(())
    }
}

async fn found<Q: Query>(store: &Store, query: &Q) -> Result<bool, Error> {
    Ok(!store.run(query).await?.is_empty())
}

/// A refusal of the API's rules is a reason to skip; all else ends the replay.
fn done(result: Result<(), Error>) -> Result<Outcome, Error> {
    match result {
        Ok(()) => Ok(Outcome::Done),
        Err(Error::HandleTaken(_)) => Ok(Outcome::Skipped("updates: persons whose handle is taken")),
        Err(Error::InvalidToken | Error::UserNotFound) => {
            Ok(Outcome::Skipped("updates: posts whose author is not in the graph"))
        }
        Err(
            Error::PostNotFound
            | Error::PostDeleted
            | Error::PostRemoved
            | Error::CommentNotFound
            | Error::ParentNotInThread,
        ) => Ok(Outcome::Skipped("updates: comments whose author, post or parent is not in the graph")),
        Err(error) => Err(error),
    }
}

async fn toggled<Q: Query>(store: &Store, query: &Q, reason: &'static str) -> Result<Outcome, Error> {
    Ok(if found(store, query).await? { Outcome::Done } else { Outcome::Skipped(reason) })
}

/// id, first name, last name, gender, birthday, created, IP, browser, city, languages, e-mails, tags, study, work
fn person(row: &Row) -> Result<Event, ImportError> {
    let person = row.number(3)?;
    let creation = CreateUser {
        id: Kind::Person.id(person),
        handle: handle(row.text(4), person),
        display_name: display_name(row.text(4), row.text(5)),
        bio: None,
        password_hash: None,
        now: row.moment(8)?.0,
    };
    let source = KeepSourceOfUser { id: creation.id.clone(), source_id: Kind::Person.source_id(person) };
    Ok(Event::Person { creation, source })
}

/// person, post or comment, created
fn like(row: &Row, kind: Kind) -> Result<PairRow, ImportError> {
    let (person, target, at) = (row.number(3)?, row.number(4)?, row.moment(5)?);
    Ok(PairRow { source: Kind::Person.id(person), target: kind.id(target), rank_key: rank_key(at, target) })
}

/// id, image, created, IP, browser, language, content, length, author, forum, country, tags
fn post(row: &Row, names: &HashMap<u64, String>) -> Result<Option<Event>, ImportError> {
    let (post, created_at, author) = (row.number(3)?, row.moment(5)?, row.number(11)?);
    let mut tags = Vec::new();
    for tag in row.numbers(14)? {
        let name = names.get(&tag).ok_or_else(|| row.malformed(format!("{TAGS} has no tag {tag}")))?;
        push_once(&mut tags, name);
    }
    let Some((text, _)) = post_text(row.text(9), row.text(4)) else {
        return Ok(None);
    };
    let creation = CreatePost {
        id: Kind::Post.id(post),
        author: Kind::Person.id(author),
        text,
        tags,
        quote_of: None,
        visibility: Some(Visibility::Public),
        replies: Visibility::Public,
        rank_key: rank_key(created_at, post),
        created_at,
        quota: None,
    };
    let source = KeepSourceOfPost { id: creation.id.clone(), source_id: Kind::Post.source_id(post) };
    Ok(Some(Event::Post { creation, source }))
}

/// id, created, IP, browser, content, length, author, country, replied post or -1, replied comment or -1, tags
fn comment(row: &Row) -> Result<Option<Event>, ImportError> {
    let (comment, created_at, author) = (row.number(3)?, row.moment(4)?, row.number(9)?);
    let (parent, post, parent_id) = if row.text(11) == "-1" {
        let parent = Kind::Comment.id(row.number(12)?);
        (Parent::Comment(parent.clone()), String::new(), Some(parent))
    } else {
        (Parent::Post, Kind::Post.id(row.number(11)?), None)
    };
    let Some(text) = clean(row.text(7)) else {
        return Ok(None);
    };
    let creation = CreateComment {
        id: Kind::Comment.id(comment),
        author: Kind::Person.id(author),
        post,
        parent: parent_id,
        text,
        rank_key: rank_key(created_at, comment),
        created_at,
    };
    let source = KeepSourceOfComment { id: creation.id.clone(), source_id: Kind::Comment.source_id(comment) };
    Ok(Some(Event::Comment { creation, parent, source }))
}
