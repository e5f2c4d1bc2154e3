//! What is acknowledged on the embedded graph outlives the process, however it ends.

mod full;
mod refusals;
pub mod server;
mod streams;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Mutex, mpsc},
    time::Duration,
};

use rand::{RngExt, seq::IndexedRandom};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::text;
use server::{Person, Server};

const KILLS: usize = 10;
const WRITERS: usize = 4;
/// No round needs as many writes to fill the log until it is folded.
const MOST_WRITES: usize = 3000;

/// How often the folder is looked at for a checkpoint.
const GLANCE: Duration = Duration::from_millis(1);

/// What was acknowledged, and what was sent and not answered.
#[derive(Default)]
struct Ledger {
    /// The author, text and acknowledged id of each post.
    posts: Vec<(usize, String, String)>,
    /// The post and the id of each comment.
    comments: Vec<(String, String)>,
    reposts: BTreeSet<(usize, String)>,
    /// Whether one follows another, where that is certain.
    follows: BTreeMap<(usize, usize), bool>,
    /// Requests whose answer was lost.
    lost: Vec<Write>,
}

/// A request that writes.
#[derive(Clone, Debug)]
enum Write {
    Post { who: usize, text: String, key: Option<String> },
    Comment { who: usize, post: String, text: String, key: String },
    Repost { who: usize, post: String },
    Follow { who: usize, whom: usize, on: bool },
}

#[test]
fn nothing_acknowledged_is_lost_by_ten_kills() {
    let folder = TempDir::new().expect("a temporary folder");
    let ledger = Mutex::new(Ledger::default());
    let mut server = Server::start(folder.path());
    let people: Vec<Person> =
        (0..WRITERS + 2).map(|number| server.register(&format!("person{number}"))).collect();
    for kill in 0..KILLS {
        // Every other kill falls into the writing of a checkpoint, the others anywhere.
        let acknowledged = rand::rng().random_range(1..60);
        let address = server.address.clone();
        let (acknowledge, acknowledgements) = mpsc::channel();
        std::thread::scope(|scope| {
            for who in 0..WRITERS {
                let (address, people, ledger, acknowledge) =
                    (&address, &people, &ledger, acknowledge.clone());
                scope.spawn(move || write_until_it_breaks(address, people, who, ledger, &acknowledge));
            }
            drop(acknowledge);
            for _ in 0..acknowledged {
                acknowledgements.recv().expect("the writers write until the kill");
            }
            let mut writes = 0;
            while kill % 2 == 1 && unfinished_checkpoints(folder.path()).is_empty() {
                writes += usize::from(acknowledgements.recv_timeout(GLANCE).is_ok());
                assert!(writes < MOST_WRITES, "the log is never folded");
            }
            server.kill();
        });
        server = Server::start(folder.path());
        // What it writes itself by now has its own process in the name.
        let mut left = unfinished_checkpoints(folder.path());
        left.retain(|name| !name.contains(&format!(".tmp.{}.", server.id())));
        assert!(left.is_empty(), "{left:?} is not cleared away");
        let mut ledger = ledger.lock().expect("no writer panicked");
        repeat_what_was_lost(&server, &people, &mut ledger);
        check(&server, &people, &ledger);
    }
}

/// The files of checkpoints that are being written, or never will be.
fn unfinished_checkpoints(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(".tmp.")).collect()
}

fn write_until_it_breaks(
    address: &str,
    people: &[Person],
    who: usize,
    ledger: &Mutex<Ledger>,
    acknowledge: &mpsc::Sender<()>,
) {
    loop {
        let write = some_write(who, &ledger.lock().expect("no writer panicked"));
        let answer = write.send(address, people);
        let mut ledger = ledger.lock().expect("no writer panicked");
        let Ok(answer) = answer else {
            ledger.lost.push(write);
            return;
        };
        assert!([200, 201].contains(&answer.status), "{write:?}: {}", answer.body);
        ledger.acknowledge(&write, &answer.body);
        // The one who counts leaves before the last writer does.
        let _ = acknowledge.send(());
    }
}

/// Something that this writer might do next.
fn some_write(who: usize, ledger: &Ledger) -> Write {
    let mut random = rand::rng();
    let number: u64 = random.random();
    let post = ledger.posts.choose(&mut random).map(|(_, _, id)| id.clone());
    match (random.random_range(0..10), post) {
        (0, _) => {
            let whom = (who + random.random_range(1..WRITERS + 2)) % (WRITERS + 2);
            Write::Follow { who, whom, on: random.random_bool(0.7) }
        }
        (1 | 2, Some(post)) => Write::Repost { who, post },
        // As long as a comment may be, so that the log grows: each of its characters has 25 bytes.
        (3..6, Some(post)) => {
            let text = format!("{number} {}", "👨‍👩‍👧‍👦".repeat(1900));
            Write::Comment { who, post, text, key: format!("comment-{number}") }
        }
        (6 | 7, _) => Write::Post { who, text: format!("Plain {number} #crash"), key: None },
        _ => Write::Post { who, text: format!("Keyed {number}"), key: Some(format!("post-{number}")) },
    }
}

impl Write {
    fn send(&self, address: &str, people: &[Person]) -> std::io::Result<server::Reply> {
        let (who, method, path, key, body) = match self {
            Self::Post { who, text, key } => {
                (who, "POST", "/v1/posts".to_owned(), key.as_ref(), json!({"text": text}))
            }
            Self::Comment { who, post, text, key } => {
                (who, "POST", format!("/v1/posts/{post}/comments"), Some(key), json!({"text": text}))
            }
            Self::Repost { who, post } => (who, "PUT", format!("/v1/posts/{post}/repost"), None, Value::Null),
            Self::Follow { who, whom, on } => {
                let method = if *on { "PUT" } else { "DELETE" };
                (who, method, format!("/v1/users/{}/follow", people[*whom].id), None, Value::Null)
            }
        };
        let headers: Vec<_> = key.iter().map(|key| ("idempotency-key", key.as_str())).collect();
        server::send(address, method, &path, &people[*who].token, &headers, &body)
    }
}

impl Ledger {
    fn acknowledge(&mut self, write: &Write, answer: &Value) {
        match write.clone() {
            Write::Post { who, text: said, .. } => self.posts.push((who, said, text(&answer["id"]))),
            Write::Comment { post, .. } => self.comments.push((post, text(&answer["id"]))),
            Write::Repost { who, post } => drop(self.reposts.insert((who, post))),
            Write::Follow { who, whom, on } => drop(self.follows.insert((who, whom), on)),
        }
    }
}

/// What was answered to nobody may be done or not. With a key, or done again by its nature, it is done once.
fn repeat_what_was_lost(server: &Server, people: &[Person], ledger: &mut Ledger) {
    for write in std::mem::take(&mut ledger.lost) {
        if let Write::Post { key: None, text: said, who } = &write {
            let posts = server.walk(&format!("/v1/users/{}/posts", people[*who].id));
            let stored: Vec<&Value> =
                posts.iter().filter(|item| item["post"]["text"] == json!(said)).collect();
            assert!(stored.len() <= 1, "one request made {} posts", stored.len());
            for item in stored {
                ledger.acknowledge(&write, &item["post"]);
            }
        } else {
            let answer = write.send(&server.address, people).expect("an answer");
            assert!([200, 201].contains(&answer.status), "{write:?}: {}", answer.body);
            ledger.acknowledge(&write, &answer.body);
        }
    }
}

/// Compares what is stored with all that was acknowledged, and what is counted with what is there.
fn check(server: &Server, people: &[Person], ledger: &Ledger) {
    for (who, person) in people.iter().enumerate() {
        let path = format!("/v1/users/{}", person.id);
        let profile = server.get(&path, "");
        let items = server.walk(&format!("{path}/posts"));
        let has = |item: &Value, kind: &str| {
            item["reasons"].as_array().expect("reasons").iter().any(|reason| reason["kind"] == json!(kind))
        };
        let of_kind = |kind: &str| -> BTreeSet<String> {
            items.iter().filter(|item| has(item, kind)).map(|item| text(&item["post"]["id"])).collect()
        };
        let written: BTreeMap<String, String> = ledger
            .posts
            .iter()
            .filter(|post| post.0 == who)
            .map(|(_, text, id)| (id.clone(), text.clone()))
            .collect();
        assert_eq!(of_kind("author"), written.keys().cloned().collect(), "the posts of {who}");
        for item in items.iter().filter(|item| has(item, "author")) {
            assert_eq!(item["post"]["text"], json!(written[&text(&item["post"]["id"])]));
        }
        let reposted =
            ledger.reposts.iter().filter(|repost| repost.0 == who).map(|repost| repost.1.clone()).collect();
        assert_eq!(of_kind("repost"), reposted, "the reposts of {who}");

        let following = server.walk(&format!("{path}/following"));
        let followed: BTreeSet<String> = following.iter().map(|user| text(&user["id"])).collect();
        let expected = ledger.follows.iter().filter(|((follower, _), on)| *follower == who && **on);
        assert_eq!(followed, expected.map(|((_, whom), _)| people[*whom].id.clone()).collect());
        let followers = server.walk(&format!("{path}/followers")).len();
        let counts = json!({"posts": written.len(), "followers": followers, "following": followed.len()});
        assert_eq!(profile["counts"], counts, "the counts of {who}");
    }
    let commented: BTreeSet<&String> = ledger.comments.iter().map(|(post, _)| post).collect();
    for post in commented {
        let found = server.walk(&format!("/v1/posts/{post}/comments"));
        let found: Vec<String> = found.iter().map(|comment| text(&comment["id"])).collect();
        let expected: BTreeSet<String> = ledger
            .comments
            .iter()
            .filter(|comment| comment.0 == *post)
            .map(|comment| comment.1.clone())
            .collect();
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected, "the comments on {post}");
        let counts = &server.get(&format!("/v1/posts/{post}"), "")["counts"];
        let reposts = ledger.reposts.iter().filter(|repost| repost.1 == *post).count();
        assert_eq!((&counts["comments"], &counts["reposts"]), (&json!(found.len()), &json!(reposts)));
    }
}
