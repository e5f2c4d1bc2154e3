//! Random histories by many people at once, with all that is kept in use. What comes of them is what a naive model says,
//! and what a server without a cache answers.

use std::{collections::BTreeSet, sync::Arc};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    caches::{pages, read},
    support::{Kith, On, Person, each, text},
};

const PEOPLE: usize = 8;
const STEPS: usize = 60;

/// What one person has done, which nobody else can undo.
#[derive(Clone, Default)]
struct Deeds {
    follows: BTreeSet<usize>,
    mutes: BTreeSet<usize>,
    /// Of the first posts, of which everybody has one.
    likes: BTreeSet<usize>,
    reposts: BTreeSet<usize>,
    comments: Vec<usize>,
    /// Further posts that are still there.
    posts: BTreeSet<String>,
}

/// Does something and its opposite in turn.
fn toggle(set: &mut BTreeSet<usize>, what: usize) -> &'static str {
    if set.remove(&what) {
        "DELETE"
    } else {
        set.insert(what);
        "PUT"
    }
}

struct World {
    people: Vec<Person>,
    firsts: Vec<String>,
}

impl World {
    async fn new(kith: &Kith) -> Self {
        let (mut people, mut firsts) = (Vec::new(), Vec::new());
        for name in 0..PEOPLE {
            let person = kith.newcomer(&format!("p{name}")).await;
            firsts.push(text(&kith.post(&person, "First").await["id"]));
            people.push(person);
        }
        Self { people, firsts }
    }

    /// What one person does, looking at something after each step.
    async fn live(&self, kith: &Kith, me: usize, seed: u64) -> Deeds {
        let mut dice = StdRng::seed_from_u64(seed.wrapping_add(me as u64));
        let (mut deeds, token) = (Deeds::default(), &self.people[me].token);
        for _ in 0..STEPS {
            let what = dice.random_range(0..PEOPLE);
            let (user, first) = (&self.people[what].id, &self.firsts[what]);
            let (method, path, body) = match dice.random_range(0..8) {
                0 | 1 if what != me => {
                    (toggle(&mut deeds.follows, what), format!("/v1/users/{user}/follow"), Value::Null)
                }
                2 if what != me => {
                    (toggle(&mut deeds.mutes, what), format!("/v1/users/{user}/mute"), Value::Null)
                }
                3 => (toggle(&mut deeds.likes, what), format!("/v1/posts/{first}/like"), Value::Null),
                4 => (toggle(&mut deeds.reposts, what), format!("/v1/posts/{first}/repost"), Value::Null),
                5 => {
                    deeds.comments.push(what);
                    ("POST", format!("/v1/posts/{first}/comments"), json!({"text": "Answer"}))
                }
                6 if !deeds.posts.is_empty() => {
                    let post = deeds.posts.pop_first().expect("a post");
                    ("DELETE", format!("/v1/posts/{post}"), Value::Null)
                }
                _ => ("POST", "/v1/posts".to_owned(), json!({"text": "Further"})),
            };
            let answer = kith.send(method, &path, token, body).await;
            assert!(answer.status < 300, "{method} {path}: {}", answer.text);
            if path == "/v1/posts" {
                let post = text(&answer.json()["id"]);
                // One reads one's own writes.
                let home = kith.get("/v1/feeds/home?limit=100", token).await;
                assert!(each(home["items"].as_array().expect("items"), "/post/id").contains(&post.as_str()));
                deeds.posts.insert(post);
            }
            let other = dice.random_range(0..PEOPLE);
            for path in [
                "/v1/feeds/home".to_owned(),
                format!("/v1/users/{}", self.people[other].id),
                format!("/v1/posts/{}/thread", self.firsts[other]),
                format!("/v1/users/{}/posts", self.people[other].id),
            ] {
                let asker = if dice.random_bool(0.2) { "" } else { token };
                if !asker.is_empty() || path != "/v1/feeds/home" {
                    kith.get(&path, asker).await;
                }
            }
        }
        deeds
    }

    /// The posts that must be in somebody's home feed.
    fn home(&self, all: &[Deeds], me: usize) -> BTreeSet<String> {
        let muted = &all[me].mutes;
        let whom = all[me].follows.iter().filter(|other| !muted.contains(other)).chain([&me]);
        whom.flat_map(|&other| {
            let reposts = all[other].reposts.iter().filter(|first| !muted.contains(first));
            let firsts = reposts.chain([&other]).map(|first| self.firsts[*first].clone());
            firsts.chain(all[other].posts.iter().cloned()).collect::<Vec<_>>()
        })
        .collect()
    }

    async fn compare(&self, kith: &Kith, all: &[Deeds]) {
        let number = |what: &dyn Fn(&Deeds) -> usize| all.iter().map(what).sum::<usize>();
        for (n, person) in self.people.iter().enumerate() {
            let home = kith.walk("/v1/feeds/home", &person.token, 7).await;
            let found: BTreeSet<String> = each(&home, "/post/id").into_iter().map(str::to_owned).collect();
            assert_eq!((found.len(), &found), (home.len(), &self.home(all, n)), "the home feed of {n}");
            let ranks = each(&home, "/rank_at");
            assert!(ranks.is_sorted_by(|one, next| one >= next), "{ranks:?}");

            let counts = kith.get(&format!("/v1/users/{}", person.id), "").await["counts"].clone();
            let followers = number(&|deeds| usize::from(deeds.follows.contains(&n)));
            let (following, posts) = (all[n].follows.len(), all[n].posts.len() + 1);
            assert_eq!(
                counts,
                json!({"posts": posts, "followers": followers, "following": following}),
                "{n}"
            );

            let post = kith.get(&format!("/v1/posts/{}", self.firsts[n]), &person.token).await;
            let likes = number(&|deeds| usize::from(deeds.likes.contains(&n)));
            let reposts = number(&|deeds| usize::from(deeds.reposts.contains(&n)));
            let comments = number(&|deeds| deeds.comments.iter().filter(|post| **post == n).count());
            assert_eq!(
                post["counts"],
                json!({"comments": comments, "likes": likes, "reposts": reposts, "quotes": 0}),
                "post {n}"
            );
            let own = (all[n].likes.contains(&n), all[n].reposts.contains(&n));
            assert_eq!(post["viewer"], json!({"liked": own.0, "reposted": own.1, "bookmarked": false}));
            let thread = kith.walk(&format!("/v1/posts/{}/thread", self.firsts[n]), "", 9).await;
            assert_eq!(thread.len(), comments, "the thread of {n}");
        }
    }
}

async fn histories(on: On) {
    let seed = std::env::var("KITH_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("KITH_TEST_SEED={seed} begins the same histories");
    let kith = Arc::new(Kith::start(on).await);
    let world = Arc::new(World::new(&kith).await);
    let lives: Vec<_> = (0..PEOPLE)
        .map(|me| {
            let (kith, world) = (Arc::clone(&kith), Arc::clone(&world));
            tokio::spawn(async move { world.live(&kith, me, seed).await })
        })
        .collect();
    let mut all = Vec::new();
    for life in lives {
        all.push(life.await.expect("a life"));
    }
    world.compare(&kith, &all).await;
    // The embedded graph has no other server: what is kept is thrown away instead.
    let comments: Vec<String> = Vec::new();
    let pages = pages(&world.people, &world.firsts, &comments);
    let kept = read(&kith, &pages).await;
    let other = match on {
        On::Neo4j => Some(Kith::with(on, |config| config.cache.megabytes = 0).await),
        On::Embedded => None,
    };
    if other.is_none() {
        kith.app.cache.clear();
    }
    let anew = read(other.as_ref().unwrap_or(&kith), &pages).await;
    for (n, (kept, anew)) in kept.iter().zip(&anew).enumerate() {
        // Cursors tell the same, and are sealed anew each time.
        assert_eq!(kept, anew, "{:?}", pages[n]);
    }
    world.compare(other.as_ref().unwrap_or(&kith), &all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_histories_at_once_come_to_what_a_naive_model_says_on_the_embedded_graph() {
    histories(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_histories_at_once_come_to_what_a_naive_model_says_on_neo4j() {
    histories(On::Neo4j).await;
}
