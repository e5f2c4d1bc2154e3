//! Who may see a post that is not for everybody.

use std::collections::HashMap;

use poem_openapi::Enum;
use serde::{Deserialize, Serialize};

use super::Post;
use crate::{
    error::Error,
    store::Run,
    users::queries::{NearRow, Nearness},
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
    fn admits(self, near: &NearRow) -> bool {
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
        let near = nearness(run, viewer, vec![author.to_owned()]).await?.remove(author).unwrap_or_default();
        Ok(all.into_iter().filter(|visibility| visibility.admits(&near)).collect())
    }
}

/// Which of some posts a viewer may see.
#[derive(Debug, Default)]
pub struct Audience<'a> {
    viewer: Option<&'a str>,
    near: HashMap<String, NearRow>,
}

impl<'a> Audience<'a> {
    /// Asks nothing if all of them are for everybody.
    pub async fn of(
        run: &mut impl Run,
        viewer: Option<&'a str>,
        posts: impl Iterator<Item = &Post>,
    ) -> Result<Self, Error> {
        let whose = posts.filter(|post| post.visibility != Visibility::Public);
        let mut authors: Vec<String> = whose.map(|post| post.author.id.clone()).collect();
        authors.sort_unstable();
        authors.dedup();
        Ok(Self { viewer, near: nearness(run, viewer, authors).await? })
    }

    /// Of one post, whoever it is for.
    pub async fn around(run: &mut impl Run, viewer: &'a str, post: &Post) -> Result<Self, Error> {
        let near = nearness(run, Some(viewer), vec![post.author.id.clone()]).await?;
        Ok(Self { viewer: Some(viewer), near })
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
            || self.near.get(&post.author.id).is_some_and(|near| who.admits(near))
    }
}

/// How near each of those people is to a viewer. To a stranger nobody is.
async fn nearness(
    run: &mut impl Run,
    viewer: Option<&str>,
    people: Vec<String>,
) -> Result<HashMap<String, NearRow>, Error> {
    let Some(viewer) = viewer.filter(|_| !people.is_empty()) else { return Ok(HashMap::new()) };
    let rows = run.run_keyed(&Nearness { viewer: viewer.to_owned(), people }).await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}
