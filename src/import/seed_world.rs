//! A made-up world, the same for the same options: who exists, follows, posts, answers and likes.
//!
//! Popularity is Zipf–Mandelbrot over the rank of a person, activity the square root of it, so that few people have
//! most of the followers and posts. All of it is integer arithmetic, which is the same on every machine.

use std::collections::HashSet;

use super::{
    ldbc::base36,
    queries::{CommentRow, PairRow, PostRow, RepostRow, UserRow},
    seed_words::{ANSWERS, ENDINGS, FIRST_NAMES, LAST_NAMES, OPENINGS, TOPICS},
};
use crate::{
    clock::{DAY, SEQUENCE_BITS, Timestamp, derived_id},
    posts::{Visibility, queries::repost_id},
    text,
};

/// How long things have been happening.
const SPAN: u64 = 30 * DAY.unsigned_abs();
/// The longest that somebody takes to answer.
const ANSWER_DELAY: u64 = DAY.unsigned_abs() / 2;

/// How the world is to be. The same options make the same world.
#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    pub users: usize,
    /// On average: few people have most of them.
    pub posts_per_user: usize,
    /// On average, and fewer in a world that is too small for it.
    pub follows_per_user: usize,
    /// When the newest things happened; now when nothing is said. All else counts back from it.
    pub until: Option<Timestamp>,
    /// What the demo user logs in with.
    pub password: String,
}

impl Options {
    /// Worlds of different options share nothing but the demo user.
    pub(super) fn name(&self) -> String {
        format!("seed:{}:{}:{}:{}", self.seed, self.users, self.posts_per_user, self.follows_per_user)
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): the same numbers on every machine and in every version of Kith, which no
/// generator of the `rand` crate promises that is also this small.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but not including `end`, or 0.
    pub fn below(&mut self, end: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap_or_default()
    }

    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(u64::MAX))).unwrap_or_default()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// The numbers below `length` in any order.
    fn shuffled(&mut self, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for last in (1..length).rev() {
            order.swap(last, self.index(last + 1));
        }
        order
    }
}

/// Picks indexes in proportion to weights.
pub struct Weights {
    sums: Vec<u64>,
}

impl Weights {
    fn new(weights: impl Iterator<Item = u64>) -> Self {
        let mut total = 0;
        Self {
            sums: weights
                .map(|weight| {
                    total += weight;
                    total
                })
                .collect(),
        }
    }

    pub fn pick(&self, dice: &mut Dice) -> usize {
        let at = dice.below(self.sums.last().copied().unwrap_or_default());
        self.sums.partition_point(|sum| *sum <= at)
    }

    /// `total` divided in proportion to the weights.
    fn shares(&self, total: usize) -> Vec<usize> {
        let sum = u128::from(self.sums.last().copied().unwrap_or_default()).max(1);
        let total = u128::try_from(total).unwrap_or_default();
        let up_to = |part: u64| usize::try_from(u128::from(part) * total / sum).unwrap_or_default();
        let mut before = 0;
        self.sums
            .iter()
            .map(|part| {
                let share = up_to(*part) - before;
                before += share;
                share
            })
            .collect()
    }
}

/// All that is to be loaded.
pub struct World {
    pub users: Vec<UserRow>,
    pub follows: Vec<PairRow>,
    pub posts: Vec<PostRow>,
    pub reposts: Vec<RepostRow>,
    pub comments: Vec<CommentRow>,
    pub post_likes: Vec<PairRow>,
    pub comment_likes: Vec<PairRow>,
    /// Picks users, popular ones more often.
    pub popularity: Weights,
}

/// What happens in it, with moments as microseconds before the end.
struct Maker<'a> {
    options: &'a Options,
    dice: Dice,
    until: Timestamp,
    popularity: Weights,
    followers: Vec<Vec<usize>>,
    /// Posts by their authors.
    posts_of: Vec<Vec<usize>>,
    post_times: Vec<u64>,
    world: World,
}

impl World {
    pub fn make(options: &Options, until: Timestamp) -> Self {
        let mut dice = Dice::new(options.seed);
        let rank_of = dice.shuffled(options.users);
        let rank = |user: usize| u64::try_from(rank_of[user]).unwrap_or_default();
        let popular = || (0..options.users).map(|user| 1_000_000_000 / (rank(user) + 10));
        let world = Self {
            users: Vec::new(),
            follows: Vec::new(),
            posts: Vec::new(),
            reposts: Vec::new(),
            comments: Vec::new(),
            post_likes: Vec::new(),
            comment_likes: Vec::new(),
            popularity: Weights::new(popular()),
        };
        let mut maker = Maker {
            options,
            dice,
            until,
            popularity: Weights::new(popular()),
            followers: vec![Vec::new(); options.users],
            posts_of: vec![Vec::new(); options.users],
            post_times: Vec::new(),
            world,
        };
        let active = Weights::new((0..options.users).map(|user| root_weight(rank(user))));
        maker.users();
        maker.follows();
        maker.posts(&active);
        maker.reposts();
        maker.comments();
        maker.post_likes();
        maker.world
    }
}

fn root_weight(rank: u64) -> u64 {
    1_000_000_000 / ((rank + 1) * 10_000).isqrt()
}

impl Maker<'_> {
    fn id(&self, kind: &str, number: usize) -> String {
        derived_id(&["seed", &self.options.name(), kind, &number.to_string()])
    }

    fn source_id(&self, kind: &str, number: usize) -> String {
        format!("{}:{kind}:{number}", self.options.name())
    }

    fn at(&self, ago: u64) -> Timestamp {
        Timestamp(self.until.0 - i64::try_from(ago).unwrap_or_default())
    }

    fn rank_key(&self, ago: u64, number: usize) -> i64 {
        self.at(ago).rank_key() + i64::try_from(number % (1 << SEQUENCE_BITS)).unwrap_or_default()
    }

    fn users(&mut self) {
        // Keeps the handles of several worlds in one graph apart.
        let mark = &derived_id(&["seed", &self.options.name()])[..4];
        for number in 0..self.options.users {
            let (first, last) = (*self.dice.of(&FIRST_NAMES), *self.dice.of(&LAST_NAMES));
            let (topic, _) = self.dice.of(&TOPICS);
            let ago = SPAN + self.dice.below(SPAN);
            let number_text = base36(u64::try_from(number).unwrap_or_default());
            self.world.users.push(UserRow {
                id: self.id("user", number),
                handle: format!("{}{number_text}_{mark}", first.to_lowercase()),
                display_name: format!("{first} {last}"),
                bio: Some(format!("Mostly here for {topic}.")),
                created_at: self.at(ago).0,
                source_id: self.source_id("user", number),
            });
        }
    }

    fn follows(&mut self) {
        let users = self.options.users;
        let order = self.dice.shuffled(users);
        let eager =
            Weights::new(order.iter().map(|place| root_weight(u64::try_from(*place).unwrap_or_default())));
        for (user, wanted) in eager.shares(users * self.options.follows_per_user).into_iter().enumerate() {
            let wanted = wanted.min((users / 2).max(1));
            let mut followed = HashSet::new();
            // The popular ones come up again and again; somebody who wants many follows does not find all.
            for _ in 0..wanted * 4 {
                let other = self.popularity.pick(&mut self.dice);
                if other != user && followed.len() < wanted && followed.insert(other) {
                    let ago = self.dice.below(SPAN);
                    self.followers[other].push(user);
                    self.world.follows.push(PairRow {
                        source: self.world.users[user].id.clone(),
                        target: self.world.users[other].id.clone(),
                        rank_key: self.rank_key(ago, other),
                    });
                }
            }
        }
    }

    fn posts(&mut self, active: &Weights) {
        let favourite = Weights::new((10..).zip(TOPICS).map(|(place, _)| 1_000_000 / place));
        let shares = active.shares(self.options.users * self.options.posts_per_user);
        for (author, posts) in shares.into_iter().enumerate() {
            for _ in 0..posts {
                let number = self.world.posts.len();
                let (topic, tag) = TOPICS[favourite.pick(&mut self.dice)];
                let (opening, ending) = (*self.dice.of(&OPENINGS), *self.dice.of(&ENDINGS));
                let mut words = vec![format!("{opening} {topic} {ending}")];
                if self.dice.chance(60) {
                    words.push(format!("#{tag}"));
                }
                if self.dice.chance(15) {
                    words.push(format!("#{}", TOPICS[favourite.pick(&mut self.dice)].1));
                }
                if self.dice.chance(10) {
                    let mentioned = self.popularity.pick(&mut self.dice);
                    words.push(format!("@{}", self.world.users[mentioned].handle));
                }
                let text = words.join(" ");
                let ago = self.dice.below(SPAN);
                self.posts_of[author].push(number);
                self.post_times.push(ago);
                self.world.posts.push(PostRow {
                    id: self.id("post", number),
                    author: self.world.users[author].id.clone(),
                    tags: text::hashtags(&text),
                    text,
                    visibility: Visibility::Public,
                    rank_key: self.rank_key(ago, number),
                    created_at: self.at(ago).0,
                    source_id: self.source_id("post", number),
                });
            }
        }
    }

    /// A post, those of popular people more often, and somebody who may have read it.
    fn read(&mut self) -> Option<(usize, usize)> {
        let author = self.popularity.pick(&mut self.dice);
        if self.posts_of[author].is_empty() {
            return None;
        }
        let post = *self.dice.of(&self.posts_of[author]);
        let reader = if self.followers[author].is_empty() || self.dice.chance(20) {
            self.dice.index(self.options.users)
        } else {
            *self.dice.of(&self.followers[author])
        };
        Some((post, reader))
    }

    /// Some time after a moment, soon rather than late, and not after the end.
    fn later(&mut self, ago: u64) -> u64 {
        let most = ANSWER_DELAY.min(ago);
        let reach = self.dice.below(most);
        ago - self.dice.below(reach)
    }

    fn reposts(&mut self) {
        let mut seen = HashSet::new();
        for number in 0..self.world.posts.len() / 5 {
            let Some((post, reader)) = self.read() else { continue };
            let ago = self.later(self.post_times[post]);
            let (author, post_id) = (self.world.users[reader].id.clone(), self.world.posts[post].id.clone());
            if self.world.posts[post].author != author && seen.insert((post, reader)) {
                self.world.reposts.push(RepostRow {
                    id: repost_id(&author, &post_id),
                    author,
                    post: post_id,
                    rank_key: self.rank_key(ago, number),
                });
            }
        }
    }

    fn comments(&mut self) {
        let mut threads: Vec<Vec<usize>> = vec![Vec::new(); self.world.posts.len()];
        let mut times: Vec<u64> = Vec::new();
        for _ in 0..self.world.posts.len() {
            let Some((post, reader)) = self.read() else { continue };
            let number = self.world.comments.len();
            let parent =
                (!threads[post].is_empty() && self.dice.chance(55)).then(|| *self.dice.of(&threads[post]));
            let ago = self.later(parent.map_or(self.post_times[post], |parent| times[parent]));
            let depth = parent.map_or(1, |parent| self.world.comments[parent].depth + 1);
            threads[post].push(number);
            times.push(ago);
            let text = (*self.dice.of(&ANSWERS)).to_owned();
            let comment = CommentRow {
                id: self.id("comment", number),
                author: self.world.users[reader].id.clone(),
                post: self.world.posts[post].id.clone(),
                parent: parent.map(|parent| self.world.comments[parent].id.clone()),
                depth,
                text,
                rank_key: self.rank_key(ago, number),
                created_at: self.at(ago).0,
                source_id: self.source_id("comment", number),
            };
            for _ in 0..self.dice.below(3) {
                let liker = self.dice.index(self.options.users);
                let ago = self.later(ago);
                self.world.comment_likes.push(PairRow {
                    source: self.world.users[liker].id.clone(),
                    target: comment.id.clone(),
                    rank_key: self.rank_key(ago, number),
                });
            }
            self.world.comments.push(comment);
        }
    }

    fn post_likes(&mut self) {
        for number in 0..self.world.posts.len() * 3 {
            let Some((post, reader)) = self.read() else { continue };
            let ago = self.later(self.post_times[post]);
            self.world.post_likes.push(PairRow {
                source: self.world.users[reader].id.clone(),
                target: self.world.posts[post].id.clone(),
                rank_key: self.rank_key(ago, number),
            });
        }
    }
}
