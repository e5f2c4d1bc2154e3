//! Compares all that Kith answers with what the model expects.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::world::{SORTS, State, World};
use crate::support::{Kith, text};

/// How deep, how many replies, how many of the first level: cuts that a small conversation runs into.
const CUTS: [(usize, usize, usize); 3] = [(1, 0, 1), (2, 1, 2), (3, 2, 3)];

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}\n   found {found:?}\nexpected {expected:?}")) }
}

/// Compares all that is public, and what those viewers see of it.
pub async fn everything(kith: &Kith, world: &World, viewers: &[usize]) -> Result<(), String> {
    let views = viewers.iter().map(|viewer| view(kith, world, *viewer));
    try_join_all(views).await?;
    let reader = viewers.first().copied().unwrap_or_default();
    for at in 0..world.posts.len() {
        post_lists(kith, world, at, reader).await?;
        for sort in SORTS {
            threads(kith, world, at, sort, reader).await?;
        }
    }
    for at in 0..world.comments.len() {
        comment(kith, world, at, reader).await?;
    }
    for tag in 0..3 {
        let path = format!("/v1/feeds/tags/t{tag}x{}", world.suffix);
        let item = |post: usize| {
            let by = world.summary(world.posts[post].author);
            let reasons = json!([{"kind": "tag", "by": by}]);
            json!({"post": world.post(post, reader), "reasons": reasons, "reason_count": 1})
        };
        let expected: Vec<Value> = world.tagged(tag).into_iter().map(item).collect();
        feed(kith, world, &path, reader, &[2], &expected).await?;
    }
    Ok(())
}

/// What one of them sees of people, posts and feeds.
async fn view(kith: &Kith, world: &World, viewer: usize) -> Result<(), String> {
    let token = &world.people[viewer].person.token;
    feed(kith, world, "/v1/feeds/home", viewer, &[1, 3, 50], &world.home(viewer)).await?;
    for user in 0..world.people.len() {
        let path = format!("/v1/users/{}", world.people[user].person.id);
        same(&path, &kith.get(&path, token).await, &world.profile(user, viewer))?;
        feed(kith, world, &format!("{path}/posts"), viewer, &[2], &world.posts_of(user, viewer)).await?;
        list(kith, world, &format!("{path}/followers"), viewer, &world.followers(user)).await?;
        list(kith, world, &format!("{path}/following"), viewer, &world.following(user)).await?;
        let likes = posts(world, World::marked(&world.likes, user), viewer);
        list(kith, world, &format!("{path}/likes"), viewer, &likes).await?;
    }
    let bookmarks = posts(world, World::marked(&world.bookmarks, viewer), viewer);
    list(kith, world, "/v1/me/bookmarks", viewer, &bookmarks).await?;
    for (at, post) in world.posts.iter().enumerate() {
        let path = format!("/v1/posts/{}", post.id);
        if post.deleted {
            let answer = kith.send("GET", &path, token, Value::Null).await;
            same(&path, &answer.status, &410)?;
        } else {
            same(&path, &kith.get(&path, token).await, &world.post(at, viewer))?;
        }
    }
    Ok(())
}

fn posts(world: &World, posts: Vec<usize>, viewer: usize) -> Vec<Value> {
    posts.into_iter().map(|post| world.post(post, viewer)).collect()
}

async fn list(
    kith: &Kith,
    world: &World,
    path: &str,
    viewer: usize,
    expected: &[Value],
) -> Result<(), String> {
    let found = kith.walk(path, &world.people[viewer].person.token, 2).await;
    same(path, &found.as_slice(), &expected)
}

/// Walks a feed in pages of several sizes. The moments of its reasons the model does not know: they must only fit.
async fn feed(
    kith: &Kith,
    world: &World,
    path: &str,
    viewer: usize,
    limits: &[usize],
    expected: &[Value],
) -> Result<(), String> {
    for limit in limits {
        let mut found = kith.walk(path, &world.people[viewer].person.token, *limit).await;
        let mut last = "9".to_owned();
        for item in &mut found {
            let at = text(&item["rank_at"]);
            let mut moments: Vec<String> = Vec::new();
            for reason in item["reasons"].as_array_mut().into_iter().flatten() {
                moments.extend(
                    reason.as_object_mut().and_then(|reason| reason.remove("at")).map(|at| text(&at)),
                );
            }
            let fits = moments.first() == Some(&at) && moments.is_sorted_by(|one, other| one >= other);
            let own = item["reasons"][0]["kind"] != json!("repost");
            if !fits || at > last || own != (item["id"] == item["post"]["id"]) {
                return Err(format!("{path}: {item} at {moments:?} does not fit after {last}"));
            }
            last = at;
            let item = item.as_object_mut().ok_or("an item is no object")?;
            item.retain(|key, _| !["id", "rank_at"].contains(&key.as_str()));
        }
        same(&format!("{path} in pages of {limit}"), &found.as_slice(), &expected)?;
    }
    Ok(())
}

async fn post_lists(kith: &Kith, world: &World, at: usize, viewer: usize) -> Result<(), String> {
    let path = format!("/v1/posts/{}", world.posts[at].id);
    let comments = world.children(at, None, "old").into_iter().map(|child| world.comment(child, viewer));
    list(kith, world, &format!("{path}/comments"), viewer, &comments.collect::<Vec<_>>()).await?;
    if world.posts[at].deleted {
        return Ok(());
    }
    list(kith, world, &format!("{path}/likes"), viewer, &world.likers(at)).await?;
    list(kith, world, &format!("{path}/reposts"), viewer, &world.reposters(at)).await?;
    list(kith, world, &format!("{path}/quotes"), viewer, &posts(world, world.quotes(at), viewer)).await
}

/// Compares the thread of a post: whole, and piece by piece through every cut.
async fn threads(kith: &Kith, world: &World, at: usize, sort: &str, viewer: usize) -> Result<(), String> {
    let path = format!("/v1/posts/{}/thread?sort={sort}", world.posts[at].id);
    let token = &world.people[viewer].person.token;
    let whole = kith.get(&format!("{path}&depth=10&replies=50&limit=100"), token).await;
    let post = world.post_or_tombstone(at, viewer, World::post);
    same(&path, &whole["post"], &post)?;
    let conversation = world.conversation(at, None, sort);
    if conversation.iter().all(|comment| world.depth(*comment) <= 10) {
        let found: Vec<Value> = whole["items"].as_array().into_iter().flatten().cloned().collect();
        let expected = conversation.iter().map(|comment| item(world, *comment, viewer)).collect::<Vec<_>>();
        same(&path, &found, &expected)?;
        same(&format!("where {path} goes on"), &whole["next_cursor"], &Value::Null)?;
    }
    for (depth, replies, limit) in CUTS {
        let cut = format!("depth={depth}&replies={replies}&limit={limit}");
        pieces(kith, world, at, (sort, &cut), viewer)
            .await
            .map_err(|error| format!("{path}&{cut}: {error}"))?;
    }
    Ok(())
}

/// A place of a whole thread.
fn item(world: &World, at: usize, viewer: usize) -> Value {
    let comment = world.comment(at, viewer);
    let alive = world.comments[at].state == State::Alive;
    let total = world.replies(at);
    json!({
        "kind": if alive { "comment" } else { "deleted" },
        "id": comment["id"],
        "parent_id": comment["parent_id"],
        "depth": comment["depth"],
        "replies": {"total": total, "shown": total, "next_cursor": null, "cut_by": null},
        "comment": if alive { comment } else { Value::Null },
    })
}

/// Follows every cursor of a thread until nothing is left, and checks that everything came once and in order.
async fn pieces(
    kith: &Kith,
    world: &World,
    at: usize,
    (sort, cut): (&str, &str),
    viewer: usize,
) -> Result<(), String> {
    let token = &world.people[viewer].person.token;
    let mut open = vec![(format!("/v1/posts/{}", world.posts[at].id), String::new())];
    // The replies to each comment, and to the post, in the order they came.
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some((of, cursor)) = open.pop() {
        let page = kith.get(&format!("{of}/thread?sort={sort}&{cut}{cursor}"), token).await;
        let items = page["items"].as_array().ok_or("a thread has items")?;
        for item in items {
            let id = text(&item["id"]);
            let comment = (0..world.comments.len()).find(|comment| world.comments[*comment].id == id);
            let comment = comment.ok_or_else(|| format!("{id} is no comment"))?;
            let (expected, replies) = (self::item(world, comment, viewer), &item["replies"]);
            for field in ["kind", "comment", "parent_id"] {
                same(&format!("{field} of {id}"), &item[field], &expected[field])?;
            }
            let shown = items.iter().filter(|other| other["parent_id"] == item["id"]).count();
            same("shown", &replies["shown"], &json!(shown))?;
            same("total", &replies["total"], &expected["replies"]["total"])?;
            let is_cut = json!(shown) != replies["total"];
            same("cut_by", &replies["cut_by"].is_string(), &is_cut)?;
            same("next_cursor", &replies["next_cursor"].is_string(), &is_cut)?;
            if let Some(next) = replies["next_cursor"].as_str() {
                open.push((format!("/v1/comments/{id}"), format!("&cursor={next}")));
            }
            seen.entry(item["parent_id"].as_str().unwrap_or_default().to_owned()).or_default().push(id);
        }
        if let Some(next) = page["next_cursor"].as_str() {
            open.push((of, format!("&cursor={next}")));
        }
    }
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for comment in world.conversation(at, None, sort) {
        let parent = world.comments[comment].parent.map(|parent| world.comments[parent].id.clone());
        expected.entry(parent.unwrap_or_default()).or_default().push(world.comments[comment].id.clone());
    }
    same("the pieces", &seen, &expected)
}

/// Compares a comment, its replies, and its thread with what it replies to.
async fn comment(kith: &Kith, world: &World, at: usize, viewer: usize) -> Result<(), String> {
    let token = &world.people[viewer].person.token;
    let path = format!("/v1/comments/{}", world.comments[at].id);
    if world.comments[at].state == State::Gone {
        let answer = kith.send("GET", &path, token, Value::Null).await;
        return same(&path, &answer.status, &404);
    }
    same(&path, &kith.get(&path, token).await, &world.comment(at, viewer))?;
    let post = world.comments[at].post;
    let replies = world.children(post, Some(at), "old").into_iter().map(|child| world.comment(child, viewer));
    list(kith, world, &format!("{path}/replies"), viewer, &replies.collect::<Vec<_>>()).await?;

    let mut chain = vec![at];
    while let Some(parent) = world.comments[chain[0]].parent {
        chain.insert(0, parent);
    }
    let thread = kith.get(&format!("{path}/thread?sort=old&depth=10&replies=50&limit=100"), token).await;
    let items = thread["items"].as_array().ok_or("a thread has items")?;
    let found: Vec<(i64, String)> =
        items.iter().map(|item| (item["depth"].as_i64().unwrap_or_default(), text(&item["id"]))).collect();
    let own = i64::try_from(world.depth(at)).unwrap_or_default();
    let below = world.conversation(post, Some(at), "old");
    let expected: Vec<(i64, String)> = chain
        .into_iter()
        .chain(below)
        .map(|comment| (comment, i64::try_from(world.depth(comment)).unwrap_or_default() - own))
        .filter(|(_, depth)| *depth <= 10)
        .map(|(comment, depth)| (depth, world.comments[comment].id.clone()))
        .collect();
    same(&format!("{path}/thread"), &found, &expected)
}
