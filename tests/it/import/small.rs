//! A small sample in the benchmark's format, with ids of its own and some rows that lead nowhere.

use std::{fs, path::Path};

use tempfile::TempDir;

pub struct Small {
    folder: TempDir,
    /// What all ids begin with: the store may be shared.
    base: u64,
}

impl Small {
    pub const PERSONS: usize = 3;
    const POSTS: usize = 2500;
    pub const COMMENTS: usize = 12;
    pub const SKIPPED: &[(&str, usize)] = &[
        ("comments that reply to nothing in the sample", 1),
        ("forums: Kith has none", 1),
        ("friendships with a person whom the sample does not have", 1),
        ("likes by a person or of a comment that the sample lacks", 1),
        ("likes by a person or of a post that the sample lacks", 1),
        ("posts with neither text nor image", 1),
        ("posts without an author in the sample", 1),
        ("tags of comments: in Kith only posts have tags", 1),
        ("tags of posts that no tag of the sample is", 1),
    ];

    pub fn new() -> Self {
        let small =
            Self { folder: TempDir::new().expect("a folder"), base: u64::from(rand::random::<u32>()) << 24 };
        small.write();
        small
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn person(&self, number: usize) -> u64 {
        self.base + number as u64
    }

    pub fn comment(&self, number: usize) -> u64 {
        self.base + number as u64
    }

    fn post(&self, number: usize) -> u64 {
        self.base + number as u64
    }

    /// Replaces the first occurrence of a text in a file.
    pub fn change(&self, file: &str, old: &str, new: &str) {
        let path = self.path().join(file);
        let text = fs::read_to_string(&path).expect("a file");
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(path, text.replacen(old, new, 1)).expect("written");
    }

    /// Adds streams, of which the one of persons has this text.
    pub fn streams(&self, persons: &str) {
        let folder = self.path().join("update_streams");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("updateStream_0_0_person.csv"), persons).expect("written");
        fs::write(folder.join("updateStream_0_0_forum.csv"), "").expect("written");
    }

    fn file(&self, name: &str, columns: &str, rows: impl IntoIterator<Item = String>) {
        let path = self.path().join(format!("{name}_0_0.csv"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let rows: String = rows.into_iter().map(|row| row + "\n").collect();
        fs::write(path, format!("{columns}\n{rows}")).expect("written");
    }

    fn write(&self) {
        let at = |number: usize| 1_290_000_000_000 + number;
        let nobody = self.person(999_999);
        let (ann, bob) = (self.person(0), self.person(1));
        let file = |name: &str, columns: &str, rows: Vec<String>| self.file(name, columns, rows);
        file(
            "dynamic/person",
            "id|firstName|lastName|gender|birthday|creationDate|locationIP|browserUsed|language|email",
            (0..Self::PERSONS)
                .map(|n| format!("{}|Ann|Lee|female|0|{}||||", self.person(n), at(n)))
                .collect(),
        );
        file(
            "dynamic/person_knows_person",
            "Person.id|Person.id|creationDate",
            vec![format!("{ann}|{bob}|{}", at(0)), format!("{ann}|{nobody}|{}", at(0))],
        );
        // The last two have no text and no author.
        let posts = Self::POSTS + 2;
        let content = |n| if n == Self::POSTS { String::new() } else { format!("post {n}") };
        file(
            "dynamic/post",
            "id|imageFile|creationDate|locationIP|browserUsed|language|content|length",
            (0..posts).map(|n| format!("{}||{}||||{}|6", self.post(n), at(n), content(n))).collect(),
        );
        file(
            "dynamic/post_hasCreator_person",
            "Post.id|Person.id",
            (0..posts - 1).map(|n| format!("{}|{ann}", self.post(n))).collect(),
        );
        file(
            "dynamic/post_hasTag_tag",
            "Post.id|Tag.id",
            vec![format!("{}|7", self.post(0)), format!("{}|8", self.post(0))],
        );
        // A chain, and one comment that hangs on nothing.
        let comments = Self::COMMENTS + 1;
        file(
            "dynamic/comment",
            "id|creationDate|locationIP|browserUsed|content|length",
            (0..comments).map(|n| format!("{}|{}|||comment {n}|9", self.comment(n), at(n))).collect(),
        );
        file(
            "dynamic/comment_hasCreator_person",
            "Comment.id|Person.id",
            (0..comments).map(|n| format!("{}|{bob}", self.comment(n))).collect(),
        );
        file("dynamic/comment_hasTag_tag", "Comment.id|Tag.id", vec![format!("{}|7", self.comment(0))]);
        file(
            "dynamic/comment_replyOf_post",
            "Comment.id|Post.id",
            vec![
                format!("{}|{}", self.comment(0), self.post(0)),
                format!("{}|{}", self.comment(Self::COMMENTS), self.post(999_999)),
            ],
        );
        file(
            "dynamic/comment_replyOf_comment",
            "Comment.id|Comment.id",
            (1..Self::COMMENTS).map(|n| format!("{}|{}", self.comment(n), self.comment(n - 1))).collect(),
        );
        for (name, columns) in
            [("post", "Person.id|Post.id|creationDate"), ("comment", "Person.id|Comment.id|creationDate")]
        {
            let likes = vec![
                format!("{bob}|{}|{}", self.post(0), at(0)),
                format!("{nobody}|{}|{}", self.post(0), at(0)),
            ];
            file(&format!("dynamic/person_likes_{name}"), columns, likes);
        }
        file("dynamic/forum", "id|title|creationDate", vec![format!("1|Wall|{}", at(0))]);
        file("static/tag", "id|name|url", vec!["7|Rumi|http://example.com/Rumi".to_owned()]);
    }
}
