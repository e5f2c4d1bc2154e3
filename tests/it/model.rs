//! Under random histories Kith is what a naive model of it is, on both stores.
//!
//! `KITH_TEST_HISTORIES` sets how many histories are tried; `KITH_TEST_SEED` repeats those of a failed run.

mod compare;
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::{
    prelude::{Strategy, any},
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{Kith, On, text};
use compare::{everything, same};
use world::{Comment, Entry, Member, Post, State, Words, World};

const PEOPLE: usize = 5;

#[test]
fn feed_thread_counts_and_profile_equal_a_naive_model_on_the_embedded_graph() {
    check_histories(On::Embedded, 16, 60);
}

#[test]
fn feed_thread_counts_and_profile_equal_a_naive_model_on_neo4j() {
    check_histories(On::Neo4j, 4, 20);
}

/// What somebody does, to what [`pick`] finds under the number.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: Verb,
    who: u8,
    what: u8,
    tag: Option<u8>,
    mention: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Post,
    Quote,
    EditPost,
    DeletePost,
    Repost,
    Unrepost,
    Follow,
    Unfollow,
    Comment,
    Reply,
    EditComment,
    DeleteComment,
    LikePost,
    UnlikePost,
    LikeComment,
    UnlikeComment,
    Bookmark,
    Unbookmark,
}

/// How often each is done, in proportion.
const VERBS: [(Verb, usize); 18] = [
    (Verb::Post, 10),
    (Verb::Quote, 6),
    (Verb::EditPost, 3),
    (Verb::DeletePost, 4),
    (Verb::Repost, 13),
    (Verb::Unrepost, 3),
    (Verb::Follow, 10),
    (Verb::Unfollow, 3),
    (Verb::Comment, 6),
    (Verb::Reply, 13),
    (Verb::EditComment, 2),
    (Verb::DeleteComment, 11),
    (Verb::LikePost, 4),
    (Verb::UnlikePost, 1),
    (Verb::LikeComment, 8),
    (Verb::UnlikeComment, 1),
    (Verb::Bookmark, 4),
    (Verb::Unbookmark, 1),
];

/// Histories of 40 to 60 steps, mostly, that shrink to fewer.
fn histories() -> impl Strategy<Value = Vec<Step>> {
    let verbs: Vec<Verb> = VERBS.iter().flat_map(|(verb, weight)| vec![*verb; *weight]).collect();
    let maybe = |below: u8| proptest::option::weighted(0.2, 0..below);
    let step = (proptest::sample::select(verbs), 0u8..20, any::<u8>(), maybe(3), maybe(5))
        .prop_map(|(verb, who, what, tag, mention)| Step { verb, who, what, tag, mention });
    proptest::collection::vec(proptest::option::weighted(0.85, step), 60)
        .prop_map(|steps| steps.into_iter().flatten().collect())
}

fn check_histories(on: On, cases: u32, max_shrink_iters: u32) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("KITH_TEST_SEED").unwrap_or_else(rand::random);
    let cases = number("KITH_TEST_HISTORIES").map_or(cases, |cases| u32::try_from(cases).unwrap_or(u32::MAX));
    let config = Config {
        cases,
        max_shrink_iters,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .expect("a runtime");
    let kith = runtime.block_on(Kith::start(on));
    let result = TestRunner::new(config)
        .run(&histories(), |history| runtime.block_on(live(&kith, &history)).map_err(TestCaseError::fail));
    if let Err(error) = result {
        panic!("KITH_TEST_SEED={seed} repeats this: {error}");
    }
}

/// Lives through a history in Kith and in the model, and compares the two at a few points and at its end.
async fn live(kith: &Kith, history: &[Step]) -> Result<(), String> {
    static HISTORIES: AtomicUsize = AtomicUsize::new(0);
    let number = HISTORIES.fetch_add(1, Ordering::Relaxed);
    let mut world = World { suffix: format!("{number}x{}", kith.suffix), ..World::default() };
    for name in ["ann", "bob", "cat", "dan", "eve"] {
        let person = kith.newcomer(&format!("{name}{number}")).await;
        let created_at = kith.get(&format!("/v1/users/{}", person.id), "").await["created_at"].clone();
        world.people.push(Member { person, created_at });
    }
    for (number, step) in history.iter().enumerate() {
        apply(kith, &mut world, *step, number).await.map_err(|error| format!("step {number}: {error}"))?;
        // Often, so that what was kept at one point is asked for again at the next.
        if number % 8 == 7 {
            let viewer = number / 8 % PEOPLE;
            everything(kith, &world, &[viewer])
                .await
                .map_err(|error| format!("after step {number}: {error}"))?;
        }
    }
    everything(kith, &world, &[0, 1, 2, 3, 4]).await.map_err(|error| format!("at the end: {error}"))
}

/// Mostly one of the last few, so that much happens to the same.
fn pick(what: usize, count: usize) -> usize {
    if what < 192 { count - 1 - what % count.min(4) } else { what % count }
}

/// Does one step in both. A step that has nothing to be done to is none.
async fn apply(kith: &Kith, world: &mut World, step: Step, number: usize) -> Result<(), String> {
    use Verb as V;
    let words = Words { number, tag: step.tag, mention: step.mention };
    let (who, what) = (usize::from(step.who) % PEOPLE, usize::from(step.what));
    match step.verb {
        V::Post => write_post(kith, world, who, None, words).await,
        V::Follow | V::Unfollow => follow(kith, world, who, what % PEOPLE, step.verb == V::Follow).await,
        _ if world.posts.is_empty() => Ok(()),
        V::Quote => write_post(kith, world, who, Some(pick(what, world.posts.len())), words).await,
        V::EditPost | V::DeletePost => {
            let post = pick(what, world.posts.len());
            // Mostly the author; somebody else is refused.
            let who = if usize::from(step.who) < PEOPLE { who } else { world.posts[post].author };
            change_post(kith, world, who, post, (step.verb == V::EditPost).then_some(words)).await
        }
        V::Repost | V::Unrepost | V::LikePost | V::UnlikePost | V::Bookmark | V::Unbookmark => {
            react(kith, world, who, pick(what, world.posts.len()), step.verb).await
        }
        V::Comment => comment(kith, world, who, pick(what, world.posts.len()), None, number).await,
        _ if world.comments.is_empty() => Ok(()),
        V::Reply => {
            let parent = pick(what, world.comments.len());
            comment(kith, world, who, world.comments[parent].post, Some(parent), number).await
        }
        V::EditComment | V::DeleteComment => {
            let comment = pick(what, world.comments.len());
            let who = if usize::from(step.who) < PEOPLE { who } else { world.comments[comment].author };
            let text = format!("Changed to {number}");
            change_comment(kith, world, who, comment, (step.verb == V::EditComment).then_some(text)).await
        }
        V::LikeComment | V::UnlikeComment => {
            like_comment(kith, world, who, pick(what, world.comments.len()), step.verb == V::LikeComment)
                .await
        }
    }
}

/// Sends a request that must be answered with this status, and gives the body.
async fn send(
    kith: &Kith,
    world: &World,
    who: usize,
    request: (&str, &str),
    body: Value,
    status: u16,
) -> Result<Value, String> {
    let (method, path) = request;
    let answer = kith.send(method, path, &world.people[who].person.token, body).await;
    same(&format!("status of {method} {path}, {}", answer.text), &answer.status, &status)?;
    Ok(if answer.text.is_empty() { Value::Null } else { answer.json() })
}

async fn follow(kith: &Kith, world: &mut World, who: usize, whom: usize, on: bool) -> Result<(), String> {
    let path = format!("/v1/users/{}/follow", world.people[whom].person.id);
    if on && who == whom {
        return send(kith, world, who, ("PUT", &path), Value::Null, 422).await.map(drop);
    }
    let answer = send(kith, world, who, (if on { "PUT" } else { "DELETE" }, &path), Value::Null, 200).await?;
    World::toggle(&mut world.follows, (who, whom), on);
    same("the answer to a follow", &answer, &world.relation(whom, who))
}

async fn write_post(
    kith: &Kith,
    world: &mut World,
    who: usize,
    quote_of: Option<usize>,
    words: Words,
) -> Result<(), String> {
    let quoted = quote_of.map(|quoted| world.posts[quoted].id.clone());
    let body = json!({"text": world.text(words), "quote_of": quoted});
    let status = if quote_of.is_some_and(|quoted| world.posts[quoted].deleted) { 410 } else { 201 };
    let answer = send(kith, world, who, ("POST", "/v1/posts"), body, status).await?;
    if status != 201 {
        return Ok(());
    }
    let post = world.posts.len();
    world.posts.push(Post {
        id: text(&answer["id"]),
        author: who,
        words,
        quote_of,
        created_at: answer["created_at"].clone(),
        edited_at: Value::Null,
        deleted: false,
    });
    world.entries.push(Entry { actor: who, post, is_repost: false });
    same("a new post", &answer, &world.post(post, who))
}

/// Edits a post, or without words deletes it.
async fn change_post(
    kith: &Kith,
    world: &mut World,
    who: usize,
    post: usize,
    words: Option<Words>,
) -> Result<(), String> {
    let path = format!("/v1/posts/{}", world.posts[post].id);
    let refused = match &world.posts[post] {
        post if post.deleted => Some(410),
        post if post.author != who => Some(403),
        _ => None,
    };
    let Some(words) = words else {
        send(kith, world, who, ("DELETE", &path), Value::Null, refused.unwrap_or(204)).await?;
        if refused.is_none() {
            world.delete_post(post);
        }
        return Ok(());
    };
    let body = json!({"text": world.text(words)});
    let answer = send(kith, world, who, ("PATCH", &path), body, refused.unwrap_or(200)).await?;
    if refused.is_some() {
        return Ok(());
    }
    world.posts[post].words = words;
    world.posts[post].edited_at = answer["edited_at"].clone();
    if answer["edited_at"].is_null() {
        return Err("an edited post has no edited_at".to_owned());
    }
    same("an edited post", &answer, &world.post(post, who))
}

async fn react(kith: &Kith, world: &mut World, who: usize, post: usize, verb: Verb) -> Result<(), String> {
    let name = match verb {
        Verb::Repost | Verb::Unrepost => "repost",
        Verb::LikePost | Verb::UnlikePost => "like",
        _ => "bookmark",
    };
    let on = matches!(verb, Verb::Repost | Verb::LikePost | Verb::Bookmark);
    let path = format!("/v1/posts/{}/{name}", world.posts[post].id);
    let status = if world.posts[post].deleted { 410 } else { 200 };
    let request = (if on { "PUT" } else { "DELETE" }, path.as_str());
    let answer = send(kith, world, who, request, Value::Null, status).await?;
    if status == 410 {
        return Ok(());
    }
    match name {
        "repost" => world.toggle_repost(who, post, on),
        "like" => World::toggle(&mut world.likes, (who, post), on),
        _ => World::toggle(&mut world.bookmarks, (who, post), on),
    }
    same("the answer to a reaction", &answer, &world.post_viewer(post, who))
}

async fn comment(
    kith: &Kith,
    world: &mut World,
    who: usize,
    post: usize,
    parent: Option<usize>,
    number: usize,
) -> Result<(), String> {
    let path = format!("/v1/posts/{}/comments", world.posts[post].id);
    let said = format!("Answered {number}");
    let body = json!({"text": said, "parent_id": parent.map(|parent| &world.comments[parent].id)});
    let status = match parent.map(|parent| world.comments[parent].state) {
        Some(State::Empty) => 404,
        Some(State::Gone) => 422,
        _ if world.posts[post].deleted => 410,
        _ => 201,
    };
    let answer = send(kith, world, who, ("POST", &path), body, status).await?;
    if status != 201 {
        return Ok(());
    }
    world.comments.push(Comment {
        id: text(&answer["id"]),
        post,
        parent,
        author: who,
        text: said,
        created_at: answer["created_at"].clone(),
        edited_at: Value::Null,
        state: State::Alive,
    });
    same("a new comment", &answer, &world.comment(world.comments.len() - 1, who))
}

/// Edits a comment, or without a text deletes it.
async fn change_comment(
    kith: &Kith,
    world: &mut World,
    who: usize,
    comment: usize,
    said: Option<String>,
) -> Result<(), String> {
    let path = format!("/v1/comments/{}", world.comments[comment].id);
    let refused = match &world.comments[comment] {
        comment if comment.state != State::Alive => Some(404),
        comment if comment.author != who => Some(403),
        _ => None,
    };
    let Some(said) = said else {
        send(kith, world, who, ("DELETE", &path), Value::Null, refused.unwrap_or(204)).await?;
        if refused.is_none() {
            world.delete_comment(comment);
        }
        return Ok(());
    };
    let answer =
        send(kith, world, who, ("PATCH", &path), json!({"text": said}), refused.unwrap_or(200)).await?;
    if refused.is_some() {
        return Ok(());
    }
    world.comments[comment].text = said;
    world.comments[comment].edited_at = answer["edited_at"].clone();
    same("an edited comment", &answer, &world.comment(comment, who))
}

async fn like_comment(
    kith: &Kith,
    world: &mut World,
    who: usize,
    comment: usize,
    on: bool,
) -> Result<(), String> {
    let path = format!("/v1/comments/{}/like", world.comments[comment].id);
    let status = if world.comments[comment].state == State::Alive { 200 } else { 404 };
    let answer =
        send(kith, world, who, (if on { "PUT" } else { "DELETE" }, &path), Value::Null, status).await?;
    if status == 404 {
        return Ok(());
    }
    World::toggle(&mut world.comment_likes, (who, comment), on);
    same("the answer to a like", &answer, &json!({"liked": on}))
}
