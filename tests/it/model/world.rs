//! What Kith should be, written as plainly as it can be: lists that are searched from one end to the other.

use serde_json::{Value, json};

use crate::support::Person;

#[derive(Default)]
pub struct World {
    pub people: Vec<Member>,
    /// Follower and followed, in the order they came to be.
    pub follows: Vec<(usize, usize)>,
    pub posts: Vec<Post>,
    /// Posts and reposts that stand, in the order they were made.
    pub entries: Vec<Entry>,
    /// User and post.
    pub likes: Vec<(usize, usize)>,
    pub bookmarks: Vec<(usize, usize)>,
    pub comments: Vec<Comment>,
    /// User and comment.
    pub comment_likes: Vec<(usize, usize)>,
    /// What makes the tags of this history its own.
    pub suffix: String,
}

pub struct Member {
    pub person: Person,
    pub created_at: Value,
}

pub struct Post {
    pub id: String,
    pub author: usize,
    pub words: Words,
    pub quote_of: Option<usize>,
    pub created_at: Value,
    pub edited_at: Value,
    pub deleted: bool,
}

/// What a post says: a number that makes it its own, perhaps a tag, perhaps a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    pub number: usize,
    pub tag: Option<u8>,
    pub mention: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub actor: usize,
    pub post: usize,
    pub is_repost: bool,
}

pub struct Comment {
    pub id: String,
    pub post: usize,
    pub parent: Option<usize>,
    pub author: usize,
    pub text: String,
    pub created_at: Value,
    pub edited_at: Value,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Alive,
    /// Deleted, and in its place because of its replies.
    Empty,
    Gone,
}

pub const SORTS: [&str; 3] = ["old", "new", "top"];

impl World {
    pub fn text(&self, words: Words) -> String {
        let tag = self.tag(words).map_or(String::new(), |tag| format!(" #{tag}"));
        let mention = self
            .mentioned(words)
            .map_or(String::new(), |who| format!(" @{}", self.people[who].person.handle));
        format!("Said {}{tag}{mention}", words.number)
    }

    pub fn tag(&self, words: Words) -> Option<String> {
        words.tag.map(|tag| format!("t{tag}x{}", self.suffix))
    }

    fn mentioned(&self, words: Words) -> Option<usize> {
        words.mention.map(|who| usize::from(who) % self.people.len())
    }

    // Writes.

    pub fn delete_post(&mut self, post: usize) {
        self.posts[post].deleted = true;
        self.entries.retain(|entry| entry.post != post);
        self.likes.retain(|like| like.1 != post);
        self.bookmarks.retain(|bookmark| bookmark.1 != post);
    }

    pub fn delete_comment(&mut self, comment: usize) {
        self.comment_likes.retain(|like| like.1 != comment);
        self.comments[comment].state = State::Empty;
        let mut at = Some(comment);
        while let Some(place) = at {
            if self.comments[place].state != State::Empty || self.replies(place) > 0 {
                break;
            }
            self.comments[place].state = State::Gone;
            at = self.comments[place].parent;
        }
    }

    pub fn toggle(list: &mut Vec<(usize, usize)>, pair: (usize, usize), on: bool) {
        if !on {
            list.retain(|other| *other != pair);
        } else if !list.contains(&pair) {
            list.push(pair);
        }
    }

    pub fn toggle_repost(&mut self, actor: usize, post: usize, on: bool) {
        let entry = Entry { actor, post, is_repost: true };
        if !on {
            self.entries.retain(|other| *other != entry);
        } else if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
    }

    // What is expected of a read.

    pub fn follows(&self, who: usize, whom: usize) -> bool {
        self.follows.contains(&(who, whom))
    }

    pub fn summary(&self, user: usize) -> Value {
        let Person { id, handle, .. } = &self.people[user].person;
        json!({"id": id, "handle": handle, "name": handle, "avatar_url": null})
    }

    pub fn relation(&self, user: usize, viewer: usize) -> Value {
        let (following, followed_by) = (self.follows(viewer, user), self.follows(user, viewer));
        json!({"following": following, "followed_by": followed_by, "requested": false, "requested_by": false, "blocking": false, "muting": false, "muted_until": null})
    }

    pub fn profile(&self, user: usize, viewer: usize) -> Value {
        let mut profile = self.summary(user);
        profile["bio"] = Value::Null;
        profile["locked"] = json!(false);
        profile["created_at"] = self.people[user].created_at.clone();
        profile["counts"] = json!({
            "posts": self.posts.iter().filter(|post| post.author == user && !post.deleted).count(),
            "followers": self.follows.iter().filter(|follow| follow.1 == user).count(),
            "following": self.follows.iter().filter(|follow| follow.0 == user).count(),
        });
        profile["viewer"] = self.relation(user, viewer);
        profile
    }

    pub fn followers(&self, user: usize) -> Vec<Value> {
        let found = self.follows.iter().rev().filter(|follow| follow.1 == user);
        found.map(|follow| self.summary(follow.0)).collect()
    }

    pub fn following(&self, user: usize) -> Vec<Value> {
        let found = self.follows.iter().rev().filter(|follow| follow.0 == user);
        found.map(|follow| self.summary(follow.1)).collect()
    }

    pub fn post_viewer(&self, post: usize, viewer: usize) -> Value {
        json!({
            "liked": self.likes.contains(&(viewer, post)),
            "reposted": self.entries.contains(&Entry { actor: viewer, post, is_repost: true }),
            "bookmarked": self.bookmarks.contains(&(viewer, post)),
        })
    }

    pub fn post(&self, post: usize, viewer: usize) -> Value {
        let mut json = self.bare_post(post, viewer);
        if let Some(quoted) = self.posts[post].quote_of {
            json["quoted"] = self.post_or_tombstone(quoted, viewer, Self::bare_post);
        }
        json
    }

    /// A post as a thread and a quote show it.
    pub fn post_or_tombstone(
        &self,
        post: usize,
        viewer: usize,
        show: impl Fn(&Self, usize, usize) -> Value,
    ) -> Value {
        if self.posts[post].deleted {
            return json!({"kind": "deleted", "id": self.posts[post].id});
        }
        let mut json = show(self, post, viewer);
        json["kind"] = json!("post");
        json
    }

    fn bare_post(&self, at: usize, viewer: usize) -> Value {
        let post = &self.posts[at];
        let in_thread = |comment: &&Comment| comment.post == at && comment.state == State::Alive;
        json!({
            "id": post.id,
            "author": self.summary(post.author),
            "text": self.text(post.words),
            "created_at": post.created_at,
            "edited_at": post.edited_at,
            "visibility": "public",
            "replies": "public",
            "quoted": null,
            "media": [],
            "tags": self.tag(post.words).into_iter().collect::<Vec<_>>(),
            "mentions": self.mentioned(post.words).map(|who| self.summary(who)).into_iter().collect::<Vec<_>>(),
            "counts": {
                "comments": self.comments.iter().filter(in_thread).count(),
                "likes": self.likes.iter().filter(|like| like.1 == at).count(),
                "reposts": self.entries.iter().filter(|entry| entry.post == at && entry.is_repost).count(),
                "quotes": self.quotes(at).len(),
            },
            "viewer": self.post_viewer(at, viewer),
        })
    }

    pub fn likers(&self, post: usize) -> Vec<Value> {
        self.likes.iter().rev().filter(|like| like.1 == post).map(|like| self.summary(like.0)).collect()
    }

    pub fn reposters(&self, post: usize) -> Vec<Value> {
        let found = self.entries.iter().rev().filter(|entry| entry.post == post && entry.is_repost);
        found.map(|entry| self.summary(entry.actor)).collect()
    }

    /// The posts that quote a post, newest first.
    pub fn quotes(&self, quoted: usize) -> Vec<usize> {
        let is_quote =
            |post: &usize| self.posts[*post].quote_of == Some(quoted) && !self.posts[*post].deleted;
        (0..self.posts.len()).rev().filter(is_quote).collect()
    }

    pub fn tagged(&self, tag: u8) -> Vec<usize> {
        let tagged = |post: &usize| self.posts[*post].words.tag == Some(tag) && !self.posts[*post].deleted;
        (0..self.posts.len()).rev().filter(tagged).collect()
    }

    /// The posts of a list of (user, post), newest first.
    pub fn marked(list: &[(usize, usize)], user: usize) -> Vec<usize> {
        list.iter().rev().filter(|mark| mark.0 == user).map(|mark| mark.1).collect()
    }

    pub fn home(&self, viewer: usize) -> Vec<Value> {
        self.feed(viewer, |actor| actor == viewer || self.follows(viewer, actor))
    }

    pub fn posts_of(&self, user: usize, viewer: usize) -> Vec<Value> {
        self.feed(viewer, |actor| actor == user)
    }

    fn feed(&self, viewer: usize, shows: impl Fn(usize) -> bool) -> Vec<Value> {
        let entries: Vec<&Entry> = self.entries.iter().rev().filter(|entry| shows(entry.actor)).collect();
        let mut posts = Vec::new();
        for entry in &entries {
            if !posts.contains(&entry.post) {
                posts.push(entry.post);
            }
        }
        let item = |post: usize| {
            let reasons: Vec<Value> = entries
                .iter()
                .filter(|entry| entry.post == post)
                .map(|entry| {
                    let kind = if entry.is_repost { "repost" } else { "author" };
                    json!({"kind": kind, "by": self.summary(entry.actor)})
                })
                .collect();
            let newest = &reasons[..reasons.len().min(5)];
            json!({"post": self.post(post, viewer), "reasons": newest, "reason_count": reasons.len()})
        };
        posts.into_iter().map(item).collect()
    }

    // Conversations.

    pub fn replies(&self, comment: usize) -> usize {
        self.children(self.comments[comment].post, Some(comment), "old").len()
    }

    fn comment_likes(&self, comment: usize) -> usize {
        self.comment_likes.iter().filter(|like| like.1 == comment).count()
    }

    pub fn depth(&self, comment: usize) -> usize {
        self.comments[comment].parent.map_or(1, |parent| 1 + self.depth(parent))
    }

    /// What replies to a post or to a comment of it, in one of [`SORTS`].
    pub fn children(&self, post: usize, parent: Option<usize>, sort: &str) -> Vec<usize> {
        let is_child = |at: &usize| {
            let comment = &self.comments[*at];
            comment.state != State::Gone && comment.post == post && comment.parent == parent
        };
        let mut found: Vec<usize> = (0..self.comments.len()).filter(is_child).collect();
        match sort {
            "new" => found.reverse(),
            // Stable: of equals the oldest is first.
            "top" => found.sort_by_key(|comment| std::cmp::Reverse(self.comment_likes(*comment))),
            _ => {}
        }
        found
    }

    /// All below a post or comment in reading order.
    pub fn conversation(&self, post: usize, parent: Option<usize>, sort: &str) -> Vec<usize> {
        let below = |child: usize| {
            std::iter::once(child).chain(self.conversation(post, Some(child), sort)).collect::<Vec<_>>()
        };
        self.children(post, parent, sort).into_iter().flat_map(below).collect()
    }

    pub fn comment(&self, at: usize, viewer: usize) -> Value {
        let comment = &self.comments[at];
        let alive = comment.state == State::Alive;
        json!({
            "id": comment.id,
            "post_id": self.posts[comment.post].id,
            "parent_id": comment.parent.map(|parent| &self.comments[parent].id),
            "author": if alive { self.summary(comment.author) } else { Value::Null },
            "text": if alive { &comment.text } else { "" },
            "created_at": comment.created_at,
            "edited_at": if alive { comment.edited_at.clone() } else { Value::Null },
            "depth": self.depth(at),
            "deleted": !alive,
            "removed": false,
            "counts": {"replies": self.replies(at), "likes": self.comment_likes(at)},
            "viewer": {"liked": self.comment_likes.contains(&(viewer, at))},
        })
    }
}
