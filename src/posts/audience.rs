//! Who may see a post that is not for everybody.

use std::collections::{HashMap, HashSet};

use poem_openapi::Enum;
use serde::{Deserialize, Serialize};

use super::Post;
use crate::{
    error::Error,
    store::Run,
    users::queries::{NearRow, Nearness, WithinTwo},
};

/// Who can see a post, or comment on it. Whom it mentions can always, as its author can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody, also without an account.
    #[default]
    Public,
    /// Those who follow the author.
    Followers,
    /// Those who follow the author and whom the author follows.
    Mutuals,
    /// Those whom the author follows, and those whom these follow.
    Circle,
    /// Nobody else.
    Mentioned,
}

impl Visibility {
    /// Whether it lets in somebody as near to the author as that, whom the post does not mention.
    fn admits(self, near: Near) -> bool {
        match self {
            Self::Public => true,
            Self::Followers => near.following,
            Self::Mutuals => near.following && near.followed_by,
            Self::Circle => near.followed_by || near.within_two,
            Self::Mentioned => false,
        }
    }

    /// All that let in a viewer whom no post of the author mentions.
    pub async fn admitting(
        run: &mut impl Run,
        viewer: Option<&str>,
        author: &str,
    ) -> Result<Vec<Self>, Error> {
        let all = [Self::Public, Self::Followers, Self::Mutuals, Self::Circle, Self::Mentioned];
        if viewer == Some(author) {
            return Ok(all.to_vec());
        }
        let author = [author];
        let near = nearness(run, viewer, &author, &author).await?.remove(author[0]).unwrap_or_default();
        Ok(all.into_iter().filter(|visibility| visibility.admits(near)).collect())
    }
}

/// How near a viewer is to an author.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    /// The viewer follows them.
    following: bool,
    followed_by: bool,
    /// They follow somebody who follows the viewer.
    within_two: bool,
}

/// Which of some posts a viewer may see.
#[derive(Debug, Default)]
pub struct Audience<'a> {
    viewer: Option<&'a str>,
    near: HashMap<String, Near>,
}

impl<'a> Audience<'a> {
    /// Asks nothing if all of them are for everybody.
    pub async fn of(
        run: &mut impl Run,
        viewer: Option<&'a str>,
        posts: impl Iterator<Item = &Post> + Clone,
    ) -> Result<Self, Error> {
        Self::among(run, viewer, posts, |_| false).await
    }

    /// The same where the viewer is known to follow some of the authors. It asks nothing of posts for their followers.
    pub async fn among(
        run: &mut impl Run,
        viewer: Option<&'a str>,
        posts: impl Iterator<Item = &Post> + Clone,
        follows: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let authors_of = |is_asked: &dyn Fn(&Post) -> bool| {
            let posts = posts.clone().filter(|post| is_asked(post));
            let mut authors: Vec<&str> = posts.map(|post| post.author.id.as_str()).collect();
            authors.sort_unstable();
            authors.dedup();
            authors
        };
        let asked = authors_of(&|post| match post.visibility {
            Visibility::Public | Visibility::Mentioned => false,
            Visibility::Followers => !follows(&post.author.id),
            Visibility::Mutuals | Visibility::Circle => true,
        });
        let circles = authors_of(&|post| post.visibility == Visibility::Circle);
        let known = authors_of(&|post| post.visibility == Visibility::Followers && follows(&post.author.id));
        let following = Near { following: true, ..Near::default() };
        let mut near: HashMap<String, Near> =
            known.into_iter().map(|author| (author.to_owned(), following)).collect();
        near.extend(nearness(run, viewer, &asked, &circles).await?);
        Ok(Self { viewer, near })
    }

    /// Of one post, whoever it is for.
    pub async fn around(run: &mut impl Run, viewer: &'a str, post: &Post) -> Result<Self, Error> {
        let author = [post.author.id.as_str()];
        Ok(Self { viewer: Some(viewer), near: nearness(run, Some(viewer), &author, &author).await? })
    }

    pub fn may_see(&self, post: &Post) -> bool {
        self.includes(post.visibility, post)
    }

    pub fn may_comment(&self, post: &Post) -> bool {
        self.includes(post.replies, post)
    }

    fn includes(&self, who: Visibility, post: &Post) -> bool {
        if who == Visibility::Public {
            return true;
        }
        let Some(viewer) = self.viewer else { return false };
        post.author.id == viewer
            || post.mentions.iter().any(|person| person.id == viewer)
            || self.near.get(&post.author.id).is_some_and(|near| who.admits(*near))
    }
}

/// How near a viewer is to each of those people, and whether some of them follow somebody who follows the viewer. To a
/// stranger nobody is near.
async fn nearness(
    run: &mut impl Run,
    viewer: Option<&str>,
    people: &[&str],
    circles: &[&str],
) -> Result<HashMap<String, Near>, Error> {
    let Some(viewer) = viewer.filter(|_| !people.is_empty()) else { return Ok(HashMap::new()) };
    let owned = |people: &[&str]| people.iter().map(|&person| person.to_owned()).collect();
    let near = Nearness { viewer: viewer.to_owned(), people: owned(people) };
    let (rows, within_two) = if circles.is_empty() {
        (run.run_keyed(&near).await?, Vec::new())
    } else {
        let two = WithinTwo { viewer: viewer.to_owned(), people: owned(circles) };
        run.run_both(&near, &two).await?
    };
    let within_two: HashSet<String> = within_two.into_iter().map(|row| row.id).collect();
    let near = |NearRow { id, following, followed_by }| {
        let within_two = within_two.contains(&id);
        (id, Near { following, followed_by, within_two })
    };
    Ok(rows.into_iter().map(near).collect())
}
