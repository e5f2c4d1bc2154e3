//! The sample read once more, line by line, and the API's answers worked out from it without a graph.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::Path,
};

use kith::{clock::Timestamp, import::ldbc::Kind};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

struct Person {
    first: String,
    last: String,
    created: i64,
}

struct Post {
    id: u64,
    author: u64,
    created: i64,
    text: String,
    tags: Vec<String>,
}

struct Comment {
    author: u64,
    created: i64,
    text: String,
    parent: Parent,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Parent {
    Post(u64),
    Comment(u64),
}

pub struct Naive {
    persons: BTreeMap<u64, Person>,
    friends: HashSet<(u64, u64)>,
    posts: BTreeMap<u64, Post>,
    comments: BTreeMap<u64, Comment>,
    post_likes: HashSet<(u64, u64)>,
    comment_likes: HashSet<(u64, u64)>,
    /// The direct replies to posts and comments, oldest first.
    replies: HashMap<Parent, Vec<u64>>,
    /// How many likes a post or comment has.
    likes: HashMap<Parent, usize>,
    /// How many comments the thread of a post has.
    threads: BTreeMap<u64, usize>,
}

fn lines(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn moment(text: &str) -> i64 {
    text.parse().expect("milliseconds")
}

fn text_of(content: &str, image: &str) -> String {
    let content = content.trim();
    (if content.is_empty() { image } else { content }).nfc().collect()
}

impl Naive {
    pub fn read(folder: &Path, updates: bool) -> Self {
        let table = |name: &str| lines(folder, &format!("dynamic/{name}_0_0.csv")).split_off(1);
        let map = |name: &str| -> HashMap<u64, u64> {
            table(name).iter().map(|row| (number(&row[0]), number(&row[1]))).collect()
        };
        let pairs = |name: &str| -> HashSet<(u64, u64)> {
            table(name).iter().map(|row| (number(&row[0]), number(&row[1]))).collect()
        };
        let tags: HashMap<String, String> = lines(folder, "static/tag_0_0.csv")
            .into_iter()
            .map(|row| (row[0].clone(), row[1].to_lowercase().nfc().collect()))
            .collect();
        let mut tags_of: HashMap<u64, Vec<String>> = HashMap::new();
        for row in table("post_hasTag_tag") {
            tags_of.entry(number(&row[0])).or_default().push(tags[&row[1]].clone());
        }
        let (post_authors, comment_authors) =
            (map("post_hasCreator_person"), map("comment_hasCreator_person"));
        let (on_post, on_comment) = (map("comment_replyOf_post"), map("comment_replyOf_comment"));
        let mut naive = Self {
            persons: BTreeMap::new(),
            friends: pairs("person_knows_person"),
            posts: BTreeMap::new(),
            comments: BTreeMap::new(),
            post_likes: pairs("person_likes_post"),
            comment_likes: pairs("person_likes_comment"),
            replies: HashMap::new(),
            likes: HashMap::new(),
            threads: BTreeMap::new(),
        };
        for row in table("person") {
            naive.person(&row[0], &row[1], &row[2], &row[5]);
        }
        for row in table("post") {
            let id = number(&row[0]);
            naive.posts.insert(
                id,
                Post {
                    id,
                    author: post_authors[&id],
                    created: moment(&row[2]),
                    text: text_of(&row[6], &row[1]),
                    tags: tags_of.remove(&id).unwrap_or_default(),
                },
            );
        }
        for row in table("comment") {
            let id = number(&row[0]);
            let parent =
                on_post.get(&id).map_or_else(|| Parent::Comment(on_comment[&id]), |post| Parent::Post(*post));
            let (author, created) = (comment_authors[&id], moment(&row[1]));
            naive.comments.insert(id, Comment { author, created, text: text_of(&row[4], ""), parent });
        }
        if updates {
            for name in ["person", "forum"] {
                for row in lines(folder, &format!("update_streams/updateStream_0_0_{name}.csv")) {
                    naive.update(&row, &tags);
                }
            }
        }
        naive.friends = naive.friends.iter().flat_map(|&(one, other)| [(one, other), (other, one)]).collect();
        naive.count();
        naive
    }

    fn count(&mut self) {
        let posts = self.post_likes.iter().map(|(_, post)| Parent::Post(*post));
        for liked in posts.chain(self.comment_likes.iter().map(|(_, comment)| Parent::Comment(*comment))) {
            *self.likes.entry(liked).or_default() += 1;
        }
        for (id, comment) in &self.comments {
            self.replies.entry(comment.parent).or_default().push(*id);
            let mut parent = comment.parent;
            while let Parent::Comment(above) = parent {
                parent = self.comments[&above].parent;
            }
            if let Parent::Post(post) = parent {
                *self.threads.entry(post).or_default() += 1;
            }
        }
        for replies in self.replies.values_mut() {
            replies.sort_by_key(|id| (self.comments[id].created, id % 1024, Kind::Comment.id(*id)));
        }
    }

    fn likes(&self, of: Parent) -> usize {
        self.likes.get(&of).copied().unwrap_or_default()
    }

    fn person(&mut self, id: &str, first: &str, last: &str, created: &str) {
        let person = Person { first: first.to_owned(), last: last.to_owned(), created: moment(created) };
        self.persons.insert(number(id), person);
    }

    fn update(&mut self, row: &[String], tags: &HashMap<String, String>) {
        let pair = || (number(&row[3]), number(&row[4]));
        match row[2].as_str() {
            "1" => self.person(&row[3], &row[4], &row[5], &row[8]),
            "2" => drop(self.post_likes.insert(pair())),
            "3" => drop(self.comment_likes.insert(pair())),
            "6" => {
                let id = number(&row[3]);
                let tags =
                    row[14].split(';').filter(|tag| !tag.is_empty()).map(|tag| tags[tag].clone()).collect();
                let text = text_of(&row[9], &row[4]);
                let post = Post { id, author: number(&row[11]), created: moment(&row[5]), text, tags };
                self.posts.insert(id, post);
            }
            "7" => {
                let parent = if row[11] == "-1" {
                    Parent::Comment(number(&row[12]))
                } else {
                    Parent::Post(number(&row[11]))
                };
                let (author, created) = (number(&row[9]), moment(&row[4]));
                let comment = Comment { author, created, text: text_of(&row[7], ""), parent };
                self.comments.insert(number(&row[3]), comment);
            }
            "8" => drop(self.friends.insert(pair())),
            _ => {}
        }
    }

    /// How many things an import reports.
    pub fn size(&self) -> usize {
        self.persons.len()
            + self.friends.len()
            + self.posts.len()
            + self.comments.len()
            + self.post_likes.len()
            + self.comment_likes.len()
    }

    pub fn follows(&self) -> usize {
        self.friends.len()
    }

    /// Some persons who have friends, those with the most and some with few.
    pub fn people(&self, count: usize) -> Vec<u64> {
        let mut friends: BTreeMap<u64, usize> = BTreeMap::new();
        for (one, _) in &self.friends {
            *friends.entry(*one).or_default() += 1;
        }
        let mut people: Vec<(usize, u64)> = friends.into_iter().map(|(id, count)| (count, id)).collect();
        people.sort_unstable();
        let step = people.len() / count;
        people.iter().rev().step_by(step).take(count).map(|(_, id)| *id).collect()
    }

    fn author(&self, person: u64) -> Value {
        let Person { first, last, .. } = &self.persons[&person];
        let ascii: String =
            first.nfd().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let mut digits = String::new();
        let mut rest = person;
        while rest > 0 {
            digits.insert(0, char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize]));
            rest /= 36;
        }
        let name: String = format!("{first} {last}").nfc().collect();
        json!({
            "id": Kind::Person.id(person),
            "handle": format!("{ascii}_{digits}"),
            "name": name,
            "avatar_url": null,
        })
    }

    pub fn profile(&self, person: u64) -> Value {
        let mut profile = self.author(person);
        let following = self.friends.iter().filter(|(one, _)| *one == person).count();
        profile["bio"] = Value::Null;
        profile["locked"] = json!(false);
        profile["created_at"] = json!(at(self.persons[&person].created));
        profile["counts"] = json!({
            "posts": self.posts.values().filter(|post| post.author == person).count(),
            "followers": following,
            "following": following,
        });
        profile["viewer"] = Value::Null;
        profile
    }

    pub fn home(&self, viewer: u64) -> Vec<Value> {
        let mut posts: Vec<&Post> = self
            .posts
            .values()
            .filter(|post| post.author == viewer || self.friends.contains(&(viewer, post.author)))
            .collect();
        posts.sort_by_key(|post| std::cmp::Reverse((post.created, post.id % 1024, Kind::Post.id(post.id))));
        posts.into_iter().map(|post| self.item(post, viewer)).collect()
    }

    fn item(&self, post: &Post, viewer: u64) -> Value {
        let (id, author, created) = (Kind::Post.id(post.id), self.author(post.author), at(post.created));
        let comments = self.threads.get(&post.id).copied().unwrap_or_default();
        let likes = self.likes(Parent::Post(post.id));
        json!({
            "id": id,
            "post": {
                "id": id,
                "author": author,
                "text": post.text,
                "created_at": created,
                "edited_at": null,
                "visibility": "public",
                "replies": "public",
                "quoted": null,
                "media": [],
                "tags": post.tags,
                "mentions": [],
                "counts": {"comments": comments, "likes": likes, "reposts": 0, "quotes": 0},
                "viewer": {
                    "liked": self.post_likes.contains(&(viewer, post.id)),
                    "reposted": false,
                    "bookmarked": false,
                },
            },
            "reasons": [{"kind": "author", "by": author, "at": created}],
            "reason_count": 1,
            "rank_at": created,
        })
    }

    /// The most discussed posts of a person and of those they know, as far as one page can show them uncut.
    pub fn threads(&self, person: u64) -> Vec<u64> {
        let near = |post: u64| {
            let author = self.posts[&post].author;
            author == person || self.friends.contains(&(person, author))
        };
        let mut posts: Vec<(usize, u64)> =
            self.threads.iter().filter(|(post, _)| near(**post)).map(|(post, size)| (*size, *post)).collect();
        posts.sort_unstable();
        let is_shown_whole = |post: &u64| {
            let tops = self.replies(Parent::Post(*post));
            tops.iter().all(|top| {
                let below = self.below(*top, 1);
                below.len() <= 50 && below.iter().all(|(_, depth)| *depth <= 10)
            })
        };
        posts.into_iter().rev().map(|(_, post)| post).filter(is_shown_whole).take(3).collect()
    }

    /// The direct replies, oldest first.
    fn replies(&self, to: Parent) -> &[u64] {
        self.replies.get(&to).map_or(&[], Vec::as_slice)
    }

    /// All that is below a comment, each with its depth.
    fn below(&self, comment: u64, depth: usize) -> Vec<(u64, usize)> {
        let mut all = Vec::new();
        for &reply in self.replies(Parent::Comment(comment)) {
            all.push((reply, depth + 1));
            all.extend(self.below(reply, depth + 1));
        }
        all
    }

    pub fn thread(&self, post: u64, viewer: u64) -> Vec<Value> {
        let mut items = Vec::new();
        for &top in self.replies(Parent::Post(post)) {
            items.push(self.place(top, 1, post, viewer));
            items.extend(
                self.below(top, 1).into_iter().map(|(reply, depth)| self.place(reply, depth, post, viewer)),
            );
        }
        items
    }

    fn place(&self, comment: u64, depth: usize, post: u64, viewer: u64) -> Value {
        let id = Kind::Comment.id(comment);
        let Comment { author, created, text, parent } = &self.comments[&comment];
        let parent_id = match parent {
            Parent::Post(_) => Value::Null,
            Parent::Comment(parent) => json!(Kind::Comment.id(*parent)),
        };
        let replies = self.replies(Parent::Comment(comment)).len();
        json!({
            "kind": "comment",
            "id": id,
            "parent_id": parent_id,
            "depth": depth,
            "comment": {
                "id": id,
                "post_id": Kind::Post.id(post),
                "parent_id": parent_id,
                "author": self.author(*author),
                "text": text,
                "created_at": at(*created),
                "edited_at": null,
                "depth": depth,
                "deleted": false,
                "removed": false,
                "counts": {
                    "replies": replies,
                    "likes": self.likes(Parent::Comment(comment)),
                },
                "viewer": {"liked": self.comment_likes.contains(&(viewer, comment))},
            },
            "replies": {"total": replies, "shown": replies, "next_cursor": null, "cut_by": null},
        })
    }
}

fn at(millis: i64) -> String {
    Timestamp(millis * 1000).rfc3339()
}
