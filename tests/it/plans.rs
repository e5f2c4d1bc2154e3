//! What the hot statements cost on a real Neo4j, in database hits, which do not depend on the machine. Each has a budget
//! in a world of a thousand users, and grows with the world by no more than it may.

use std::{collections::BTreeMap, process::Command};

use kith::{
    auth::queries::{OpenSession, SessionUsers},
    comments::queries::{InsertComment, NewestChildren, OldestChildren, ReadComments, TopChildren},
    cypher::Query,
    feeds::queries::{
        Answered, Followed, HeatRow, HomeEntries, HomeReasons, Hottest, PublicEntries, Recent, Reposters,
        SetHeat, TagEntries, UserEntries, UserReasons,
    },
    follows::queries::Follow,
    posts::{
        Visibility,
        queries::{InsertPost, LockAuthor, PostOfUser, PostsViewerState, ReadPosts},
    },
    reactions::queries::{LikePost, Repost},
    users::queries::{Nearness, ReadUsers, UsersViewerState, WithinTwo},
};
use neo4rs::Graph;
use serde_json::{Value, json};

use crate::{
    neo4j::{self, Server},
    support::{Kith, On, each},
};

const PAGE: usize = 21;
const SIZES: [u32; 2] = [125, 1000];

/// Most hits of a statement in the larger world, and the largest exponent with which its hits may grow with the world:
/// 0 is flat, 1 as the world does.
const BUDGETS: &[(&str, u64, f64)] = &[
    ("auth/session_users.cypher", 300, 0.05),
    ("comments/children_new.cypher", 40, 0.3),
    ("comments/children_old.cypher", 40, 0.3),
    ("comments/children_top.cypher", 60, 0.3),
    ("comments/create_on_post.cypher", 40, 0.1),
    ("comments/read.cypher", 400, 0.3),
    ("feeds/answered.cypher", 500, 0.3),
    ("feeds/followed.cypher", 160, 0.3),
    ("feeds/home.cypher", 1000, 0.3),
    ("feeds/home_reasons.cypher", 900, 0.4),
    ("feeds/public.cypher", 100, 0.05),
    ("feeds/recent.cypher", 900, 0.3),
    ("feeds/reposters.cypher", 600, 0.4),
    ("feeds/set_heat.cypher", 200, 0.1),
    ("feeds/tag.cypher", 200, 0.3),
    ("feeds/trending.cypher", 120, 0.1),
    ("feeds/user.cypher", 100, 0.1),
    ("feeds/user_reasons.cypher", 250, 0.1),
    ("follows/follow.cypher", 60, 0.3),
    ("posts/create.cypher", 40, 0.1),
    ("posts/lock_author.cypher", 30, 0.1),
    ("posts/read.cypher", 700, 0.1),
    ("posts/viewer_state.cypher", 900, 0.4),
    ("reactions/like_post.cypher", 60, 0.3),
    ("reactions/repost.cypher", 60, 0.3),
    ("users/read.cypher", 20, 0.05),
    ("users/nearness.cypher", 300, 0.4),
    ("users/within_two.cypher", 300, 0.4),
    ("users/viewer_state.cypher", 1100, 0.3),
];

/// Operators that read all of a label, of an index or of the graph.
const SCANS: [&str; 4] = ["NodeByLabelScan", "NodeIndexScan", "AllNodesScan", "DirectedAllRelationshipsScan"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_statements_keep_their_budgets_and_a_lost_index_is_noticed() {
    let mut worlds = Vec::new();
    for users in SIZES {
        let server = tokio::task::spawn_blocking(neo4j::start_own).await.expect("a server");
        seed(&server, users);
        let kith = Kith::with(On::Neo4j, |config| config.store.uri.clone_from(&server.uri)).await;
        let world = World::of(&kith).await;
        // Else the planner may take an index for empty that has been filled since it was sampled, and scan it.
        run(&server, "CALL db.prepareForReplanning(60)").await;
        worlds.push((profiles(&server, &world), server, world));
    }
    let (small, _, _) = &worlds[0];
    let (large, server, world) = &worlds[1];
    assert_eq!(trespasses(small, large), Vec::<String>::new(), "{small:#?}\n{large:#?}");

    // Without the index over an author's entries the home feed and its like read all entries there are.
    run(server, "DROP INDEX entry_author_rank").await;
    let found = trespasses(small, &profiles(server, world));
    for file in ["feeds/home.cypher", "feeds/recent.cypher", "feeds/user.cypher"] {
        assert!(found.iter().any(|what| what.starts_with(file)), "{file} goes unnoticed: {found:?}");
    }
}

/// Hits of each statement, and whether it scans.
type Profiles = BTreeMap<&'static str, (u64, bool)>;

/// What breaks a budget.
fn trespasses(small: &Profiles, large: &Profiles) -> Vec<String> {
    let growth = f64::from(SIZES[1] / SIZES[0]);
    let mut found = Vec::new();
    for (file, most, exponent) in BUDGETS {
        let ((before, _), (after, scans)) = (small[file], large[file]);
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let measured = (after.max(1) as f64 / before.max(1) as f64).ln() / growth.ln();
        if after > *most {
            found.push(format!("{file}: {after} hits, of which {most} are allowed"));
        }
        if measured > *exponent {
            found.push(format!("{file}: {before} hits became {after}, an exponent of {measured:.2} where {exponent} is allowed"));
        }
        if scans {
            found.push(format!("{file}: reads all of a label"));
        }
    }
    let without = large.keys().filter(|file| !BUDGETS.iter().any(|(known, ..)| known == *file));
    found.extend(without.map(|file| format!("{file}: has no budget")));
    found
}

fn seed(server: &Server, users: u32) {
    let done = Command::new(env!("CARGO_BIN_EXE_kith"))
        .args(["seed", "--users", &users.to_string(), "--posts-per-user", "10", "--follows-per-user", "20"])
        .env("KITH_STORE__URI", &server.uri)
        .env("KITH_STORE__TIMEOUT", "120")
        .env("KITH_AUTH__SIGNING_KEY", "A".repeat(43))
        .output()
        .expect("kith runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[expect(clippy::disallowed_methods, reason = "no statement of Kith's does such things")]
async fn run(server: &Server, text: &str) {
    let graph = Graph::new(&server.uri, "", "").expect("an address");
    graph.run(neo4rs::query(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// Whom and what the statements are asked about.
struct World {
    viewer: String,
    author: String,
    authors: Vec<String>,
    post: String,
    posts: Vec<String>,
    comments: Vec<String>,
    sessions: Vec<String>,
    tag: String,
    since: i64,
}

impl World {
    /// One who follows about as many as most, and the page that they would see.
    async fn of(kith: &Kith) -> Self {
        let page = kith.get("/v1/feeds/public?limit=100", "").await;
        let items = page["items"].as_array().expect("items").clone();
        let mut viewer = String::new();
        for id in each(&items, "/post/author/id") {
            let user = kith.get(&format!("/v1/users/{id}"), "").await;
            if (18..=22).contains(&user["counts"]["following"].as_i64().expect("a number")) {
                viewer = id.to_owned();
                break;
            }
        }
        assert!(!viewer.is_empty(), "nobody follows about twenty");
        let since = i64::MIN;
        let home = HomeEntries {
            viewer: viewer.clone(),
            before_key: i64::MAX,
            before_id: String::new(),
            since,
            limit: PAGE,
        };
        let rows = kith.app.store.run(&home).await.expect("a feed");
        let followed = Followed { viewers: vec![viewer.clone()] };
        let followed = kith.app.store.run(&followed).await.expect("a list");
        let newest = items.iter().max_by_key(|item| item["post"]["counts"]["comments"].as_i64());
        let post = newest.and_then(|item| item["post"]["id"].as_str()).expect("a post").to_owned();
        let thread = kith.get(&format!("/v1/posts/{post}/thread"), "").await;
        let mut sessions = Vec::new();
        for row in &rows[..20] {
            let session = row.id.clone();
            let (user, hash) = (row.author_id.clone(), session.clone());
            let open = OpenSession { user, session: session.clone(), hash, now: 0, expires_at: i64::MAX };
            kith.app.store.run(&open).await.expect("a session");
            sessions.push(session);
        }
        let tags: Vec<&Value> = items.iter().filter_map(|item| item["post"]["tags"].get(0)).collect();
        Self {
            author: rows[0].author_id.clone(),
            authors: followed.into_iter().map(|row| row.id).collect(),
            posts: rows.iter().map(|row| row.post_id.clone()).collect(),
            comments: each(thread["items"].as_array().expect("items"), "/id")
                .iter()
                .map(|&id| id.to_owned())
                .collect(),
            tag: tags.first().and_then(|tag| tag.as_str()).expect("a tag").to_owned(),
            sessions,
            viewer,
            post,
            since,
        }
    }
}

fn profiles(server: &Server, world: &World) -> Profiles {
    let mut profiles = Profiles::new();
    let World { viewer, author, authors, post, posts, comments, sessions, tag, since } = world;
    let (viewer, author, post) = (|| viewer.clone(), || author.clone(), || post.clone());
    let (before_key, before_id, limit) = (i64::MAX, String::new, PAGE);
    let (after_key, after_id, per_parent) = (i64::MIN, String::new, PAGE);
    let of_viewer = |user: &str| posts.iter().map(|id| PostOfUser::new(id, user)).collect::<Vec<_>>();
    let mut of = Profiler { server, profiles: &mut profiles };
    of.profile(&SessionUsers { sessions: sessions.clone(), now: 1 });
    of.profile(&HomeEntries { viewer: viewer(), before_key, before_id: before_id(), since: *since, limit });
    of.profile(&HomeReasons {
        viewer: viewer(),
        posts: posts.clone(),
        followed: authors.clone(),
        start: i64::MAX,
    });
    of.profile(&Followed { viewers: vec![viewer()] });
    of.profile(&Recent { authors: authors.iter().take(8).cloned().collect(), since: i64::MIN, limit: 32 });
    of.profile(&Reposters { posts: posts.clone() });
    of.profile(&UserEntries {
        user: author(),
        viewer: viewer(),
        levels: vec![Visibility::Public],
        before_key,
        before_id: before_id(),
        limit,
    });
    of.profile(&UserReasons { user: author(), posts: of_viewer(&author()), start: i64::MAX });
    of.profile(&PublicEntries {
        hidden: vec![],
        before_key,
        before_id: before_id(),
        since: 0,
        until: i64::MAX,
        limit,
    });
    of.profile(&TagEntries { tag: tag.clone(), hidden: vec![], before_key, before_id: before_id(), limit });
    of.profile(&Hottest { since: 0, limit });
    of.profile(&Answered { ids: posts.clone(), now: 1 });
    let hot = posts.iter().map(|id| HeatRow { id: id.clone(), heat: Some(1), answers: 1 });
    of.profile(&SetHeat { rows: hot.collect() });
    of.profile(&ReadPosts { ids: posts.clone() });
    of.profile(&PostsViewerState { viewer: viewer(), posts: of_viewer(&viewer()) });
    of.profile(&ReadUsers { ids: vec![author()] });
    of.profile(&Nearness { viewer: viewer(), people: vec![author()] });
    of.profile(&WithinTwo { viewer: viewer(), people: vec![author()] });
    of.profile(&UsersViewerState { viewer: viewer(), ids: authors.iter().take(20).cloned().collect() });
    let parents = vec![post()];
    of.profile(&OldestChildren { parents: parents.clone(), after_key, after_id: after_id(), per_parent });
    of.profile(&NewestChildren {
        parents: parents.clone(),
        after_key: i64::MAX,
        after_id: after_id(),
        per_parent,
    });
    of.profile(&TopChildren { parents, after_likes: i64::MAX, after_key, after_id: after_id(), per_parent });
    of.profile(&ReadComments { ids: comments.iter().take(5).cloned().collect() });
    let (id, rank_key, created_at) = (|| "x".repeat(24), 1, 1);
    let text = "Hello".to_owned();
    of.profile(&InsertPost {
        id: id(),
        author: author(),
        rank_key,
        created_at,
        text: text.clone(),
        tags: vec![tag.clone()],
        visibility: Some(Visibility::Public),
        replies: Visibility::Public,
        quote_of: None,
    });
    of.profile(&InsertComment { id: id(), author: author(), post: post(), rank_key, created_at, text });
    of.profile(&LockAuthor { author: author(), now: 1, since: 0 });
    of.profile(&LikePost { viewer: viewer(), post: post(), rank_key });
    of.profile(&Repost { viewer: viewer(), post: post(), id: id(), rank_key });
    of.profile(&Follow { viewer: viewer(), user: author(), rank_key });
    profiles
}

struct Profiler<'a> {
    server: &'a Server,
    profiles: &'a mut Profiles,
}

impl Profiler<'_> {
    fn profile<Q: Query>(&mut self, query: &Q) {
        let profile =
            self.server.profile(Q::TEXT, &json!(query)).unwrap_or_else(|why| panic!("{}: {why}", Q::FILE));
        let hits = profile["hits"].as_u64().expect("hits");
        let scans = SCANS.iter().any(|scan| profile["operators"].get(scan).is_some());
        self.profiles.insert(Q::FILE, (hits, scans));
    }
}
