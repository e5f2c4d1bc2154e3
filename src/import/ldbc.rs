//! The sample of the LDBC Social Network Benchmark, as its generator writes it for Interactive v1.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    ImportError, Report,
    bulk::Loader,
    files::{Files, Row, pairs},
    progress::Progress,
    queries::{CommentRow, PairRow, PostRow, UserRow},
};
use crate::{
    clock::{SEQUENCE_BITS, Timestamp, derived_id},
    posts::Visibility,
    store::Store,
    text,
    users::rules::NAME_CHARS,
};

/// What of the benchmark has a place in Kith.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Person,
    Post,
    Comment,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Post => "post",
            Self::Comment => "comment",
        }
    }

    /// The id that the thing has in Kith. It needs no table: the original id gives it, always.
    pub fn id(self, original: u64) -> String {
        derived_id(&["ldbc", self.name(), &original.to_string()])
    }

    /// The original id, as it is kept in the graph.
    pub fn source_id(self, original: u64) -> String {
        format!("ldbc:{}:{original}", self.name())
    }
}

/// The rank key of what happened at a moment. Within one millisecond, the benchmark's resolution, its ids decide.
pub fn rank_key(moment: Timestamp, original: u64) -> i64 {
    let tiebreak = i64::try_from(original % (1 << SEQUENCE_BITS)).unwrap_or_default();
    moment.rank_key() + tiebreak
}

const PERSONS: &str = "dynamic/person_0_0.csv";
const KNOWS: &str = "dynamic/person_knows_person_0_0.csv";
const POSTS: &str = "dynamic/post_0_0.csv";
const POST_CREATORS: &str = "dynamic/post_hasCreator_person_0_0.csv";
const POST_TAGS: &str = "dynamic/post_hasTag_tag_0_0.csv";
const COMMENTS: &str = "dynamic/comment_0_0.csv";
const COMMENT_CREATORS: &str = "dynamic/comment_hasCreator_person_0_0.csv";
const COMMENT_TAGS: &str = "dynamic/comment_hasTag_tag_0_0.csv";
const REPLIES_TO_POSTS: &str = "dynamic/comment_replyOf_post_0_0.csv";
const REPLIES_TO_COMMENTS: &str = "dynamic/comment_replyOf_comment_0_0.csv";
const POST_LIKES: &str = "dynamic/person_likes_post_0_0.csv";
const COMMENT_LIKES: &str = "dynamic/person_likes_comment_0_0.csv";
const FORUMS: &str = "dynamic/forum_0_0.csv";
pub(super) const TAGS: &str = "static/tag_0_0.csv";

const FILES: [&str; 14] = [
    PERSONS,
    KNOWS,
    POSTS,
    POST_CREATORS,
    POST_TAGS,
    COMMENTS,
    COMMENT_CREATORS,
    COMMENT_TAGS,
    REPLIES_TO_POSTS,
    REPLIES_TO_COMMENTS,
    POST_LIKES,
    COMMENT_LIKES,
    FORUMS,
    TAGS,
];

/// The rows of a sample, read and checked as a whole before anything is written.
#[derive(Debug, Default)]
pub struct Sample {
    users: Vec<UserRow>,
    follows: Vec<PairRow>,
    posts: Vec<PostRow>,
    comments: Vec<CommentRow>,
    post_likes: Vec<PairRow>,
    comment_likes: Vec<PairRow>,
    /// What is left out, by the reason, and what else is worth knowing.
    left_out: Report,
}

impl Sample {
    /// Reads a folder with `dynamic` and `static` in it.
    pub fn read(folder: &Path) -> Result<Self, ImportError> {
        let files = Files::open(folder, &FILES)?;
        let mut sample = Self::default();
        let persons = sample.persons(&files)?;
        sample.knows(&files, &persons)?;
        let posts = sample.posts(&files, &persons)?;
        let comments = sample.comments(&files, &persons, &posts)?;
        let likes = |name, columns, kind, known: &HashSet<u64>, report: &mut Report| {
            likes(&files.table(name, columns)?, kind, &persons, known, report)
        };
        let report = &mut sample.left_out;
        sample.post_likes = likes(POST_LIKES, "Person.id|Post.id|creationDate", Kind::Post, &posts, report)?;
        sample.comment_likes =
            likes(COMMENT_LIKES, "Person.id|Comment.id|creationDate", Kind::Comment, &comments, report)?;
        report.skip("forums: Kith has none", files.count(FORUMS)?);
        report.skip("tags of comments: in Kith only posts have tags", files.count(COMMENT_TAGS)?);
        Ok(sample)
    }

    /// Loads what is not in the graph yet.
    pub async fn load(&self, store: &Store, progress: &dyn Progress) -> Result<Report, ImportError> {
        let mut loader = Loader::new(store, progress);
        loader.users(&self.users).await?;
        loader.follows(&self.follows).await?;
        loader.posts(&self.posts).await?;
        loader.comments(self.comments.clone()).await?;
        loader.post_likes(&self.post_likes).await?;
        loader.comment_likes(&self.comment_likes).await?;
        let mut report = loader.finish().await?;
        for (reason, count) in &self.left_out.skipped {
            report.skip(reason, *count);
        }
        report.notes.extend(self.left_out.notes.iter().cloned());
        Ok(report)
    }

    fn persons(&mut self, files: &Files) -> Result<HashSet<u64>, ImportError> {
        let columns =
            "id|firstName|lastName|gender|birthday|creationDate|locationIP|browserUsed|language|email";
        let mut known = HashSet::new();
        for row in files.table(PERSONS, columns)? {
            let person = row.number(0)?;
            if !known.insert(person) {
                return Err(row.malformed(format!("person {person} is there twice")));
            }
            self.users.push(UserRow {
                id: Kind::Person.id(person),
                handle: handle(row.text(1), person),
                display_name: display_name(row.text(1), row.text(2)),
                bio: None,
                created_at: row.moment(5)?.0,
                source_id: Kind::Person.source_id(person),
            });
        }
        Ok(known)
    }

    fn knows(&mut self, files: &Files, persons: &HashSet<u64>) -> Result<(), ImportError> {
        for row in files.table(KNOWS, "Person.id|Person.id|creationDate")? {
            let (one, other, since) = (row.number(0)?, row.number(1)?, row.moment(2)?);
            if !persons.contains(&one) || !persons.contains(&other) {
                self.left_out.skip("friendships with a person whom the sample does not have", 1);
            } else if one == other {
                self.left_out.skip("friendships with oneself", 1);
            } else {
                self.follows.push(follow(one, other, since));
                self.follows.push(follow(other, one, since));
            }
        }
        Ok(())
    }

    fn posts(&mut self, files: &Files, persons: &HashSet<u64>) -> Result<HashSet<u64>, ImportError> {
        let authors = pairs(&files.table(POST_CREATORS, "Post.id|Person.id")?)?;
        let names = tag_names(files)?;
        let mut tags: HashMap<u64, Vec<String>> = HashMap::new();
        for row in files.table(POST_TAGS, "Post.id|Tag.id")? {
            match names.get(&row.number(1)?) {
                Some(name) => push_once(tags.entry(row.number(0)?).or_default(), name),
                None => self.left_out.skip("tags of posts that no tag of the sample is", 1),
            }
        }
        let (mut known, mut images) = (HashSet::new(), 0);
        let columns = "id|imageFile|creationDate|locationIP|browserUsed|language|content|length";
        for row in files.table(POSTS, columns)? {
            let (post, created_at) = (row.number(0)?, row.moment(2)?);
            let Some(author) = authors.get(&post).filter(|author| persons.contains(author)) else {
                self.left_out.skip("posts without an author in the sample", 1);
                continue;
            };
            let Some((text, is_image)) = post_text(row.text(6), row.text(1)) else {
                self.left_out.skip("posts with neither text nor image", 1);
                continue;
            };
            if !known.insert(post) {
                return Err(row.malformed(format!("post {post} is there twice")));
            }
            images += usize::from(is_image);
            self.posts.push(PostRow {
                id: Kind::Post.id(post),
                author: Kind::Person.id(*author),
                text,
                tags: tags.remove(&post).unwrap_or_default(),
                visibility: Visibility::Public,
                rank_key: rank_key(created_at, post),
                created_at: created_at.0,
                source_id: Kind::Post.source_id(post),
            });
        }
        if images > 0 {
            self.left_out.notes.push(format!(
                "{images} posts of the sample are images: their text is the name of the file."
            ));
        }
        Ok(known)
    }

    fn comments(
        &mut self,
        files: &Files,
        persons: &HashSet<u64>,
        posts: &HashSet<u64>,
    ) -> Result<HashSet<u64>, ImportError> {
        let authors = pairs(&files.table(COMMENT_CREATORS, "Comment.id|Person.id")?)?;
        let on_posts = pairs(&files.table(REPLIES_TO_POSTS, "Comment.id|Post.id")?)?;
        let on_comments = pairs(&files.table(REPLIES_TO_COMMENTS, "Comment.id|Comment.id")?)?;
        let rows = files.table(COMMENTS, "id|creationDate|locationIP|browserUsed|content|length")?;
        let mut usable: HashMap<u64, (&Row, Timestamp, u64)> = HashMap::new();
        for row in &rows {
            let (comment, created_at) = (row.number(0)?, row.moment(1)?);
            match authors.get(&comment).filter(|author| persons.contains(author)) {
                Some(author) => {
                    if usable.insert(comment, (row, created_at, *author)).is_some() {
                        return Err(row.malformed(format!("comment {comment} is there twice")));
                    }
                }
                None => self.left_out.skip("comments without an author in the sample", 1),
            }
        }
        // Level by level from the posts down: what is never reached hangs on nothing.
        let mut known = HashSet::new();
        let mut level: Vec<(u64, u64, Option<u64>)> = rows
            .iter()
            .filter_map(|row| row.number(0).ok())
            .filter_map(|comment| {
                let post = on_posts.get(&comment).filter(|post| posts.contains(post))?;
                Some((comment, *post, None))
            })
            .collect();
        let mut answers: HashMap<u64, Vec<u64>> = HashMap::new();
        for (comment, parent) in &on_comments {
            answers.entry(*parent).or_default().push(*comment);
        }
        let mut depth = 1;
        while !level.is_empty() {
            let mut next = Vec::new();
            for (comment, post, parent) in level {
                let Some((row, created_at, author)) = usable.remove(&comment) else {
                    continue;
                };
                let Some(text) = clean(row.text(4)) else {
                    self.left_out.skip("comments without text", 1);
                    continue;
                };
                known.insert(comment);
                let replies = answers.remove(&comment).unwrap_or_default();
                next.extend(replies.into_iter().map(|reply| (reply, post, Some(comment))));
                self.comments.push(CommentRow {
                    id: Kind::Comment.id(comment),
                    author: Kind::Person.id(author),
                    post: Kind::Post.id(post),
                    parent: parent.map(|parent| Kind::Comment.id(parent)),
                    depth,
                    text,
                    rank_key: rank_key(created_at, comment),
                    created_at: created_at.0,
                    source_id: Kind::Comment.source_id(comment),
                });
            }
            next.sort_unstable();
            level = next;
            depth += 1;
        }
        self.left_out.skip("comments that reply to nothing in the sample", usable.len());
        Ok(known)
    }
}

fn likes(
    rows: &[Row],
    kind: Kind,
    persons: &HashSet<u64>,
    known: &HashSet<u64>,
    left_out: &mut Report,
) -> Result<Vec<PairRow>, ImportError> {
    let mut likes = Vec::new();
    for row in rows {
        let (person, target, at) = (row.number(0)?, row.number(1)?, row.moment(2)?);
        if persons.contains(&person) && known.contains(&target) {
            likes.push(PairRow {
                source: Kind::Person.id(person),
                target: kind.id(target),
                rank_key: rank_key(at, target),
            });
        } else {
            left_out.skip(format!("likes by a person or of a {} that the sample lacks", kind.name()), 1);
        }
    }
    Ok(likes)
}

pub(super) fn follow(one: u64, other: u64, since: Timestamp) -> PairRow {
    PairRow { source: Kind::Person.id(one), target: Kind::Person.id(other), rank_key: rank_key(since, other) }
}

/// The tags by their ids, lower-cased and NFC as Kith keeps them.
pub(super) fn tag_names(files: &Files) -> Result<HashMap<u64, String>, ImportError> {
    let rows = files.table(TAGS, "id|name|url")?;
    rows.iter().map(|row| Ok((row.number(0)?, text::tag_key(row.text(1))))).collect()
}

pub(super) fn push_once(tags: &mut Vec<String>, name: &str) {
    if !tags.iter().any(|known| known == name) {
        tags.push(name.to_owned());
    }
}

/// The first name in ASCII and the original id in base 36, which makes it unique.
pub(super) fn handle(first_name: &str, person: u64) -> String {
    // 30 characters less `_` and the 13 digits that the largest id has.
    let name: String = first_name
        .nfd()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .take(16)
        .collect();
    let name = if name.is_empty() { "person".to_owned() } else { name };
    format!("{name}_{}", base36(person))
}

pub(super) fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(std::char::from_digit(u32::try_from(number % 36).unwrap_or_default(), 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

pub(super) fn display_name(first: &str, last: &str) -> String {
    let name = clean(&format!("{first} {last}")).unwrap_or_else(|| "?".to_owned());
    name.graphemes(true).take(NAME_CHARS).collect()
}

/// The text of a post, and whether it is the name of an image.
pub(super) fn post_text(content: &str, image: &str) -> Option<(String, bool)> {
    clean(content).map(|text| (text, false)).or_else(|| clean(image).map(|text| (text, true)))
}

/// The text as the API would keep it; none when it is blank.
pub(super) fn clean(content: &str) -> Option<String> {
    let visible: String =
        content.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let text = text::clean("text", &visible, 0, usize::MAX, &mut Vec::new());
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_ascii_unique_and_short() {
        assert_eq!(handle("José", 933), "jose_px");
        assert_eq!(handle("Anıl", 0), "anl_0");
        assert_eq!(handle("日本", 35), "person_z");
        let longest = handle("Maximilian-Alexander", u64::MAX);
        assert_eq!(longest.len(), 30);
        assert!(text::is_handle(&longest), "{longest}");
    }

    #[test]
    fn rank_keys_of_one_millisecond_follow_the_ids() {
        let moment = Timestamp(1_290_000_000_000_000);
        assert!(rank_key(moment, 343_597_383_680) < rank_key(moment, 343_597_383_681));
        assert_eq!(Timestamp::of_rank_key(rank_key(moment, u64::MAX)), moment);
    }

    #[test]
    fn a_blank_text_is_none_and_control_characters_are_spaces() {
        assert_eq!(clean(" \t "), None);
        assert_eq!(clean("a\tb ").as_deref(), Some("a b"));
        assert_eq!(post_text("", "photo1.jpg"), Some(("photo1.jpg".to_owned(), true)));
    }
}
