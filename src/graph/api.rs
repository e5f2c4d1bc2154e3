//! `/v1/users/{user}/mutuals`, `/path`, `/v1/me/suggestions`, `/v1/relationships`.

use std::{collections::HashMap, sync::Arc};

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};
use serde::Serialize;

use super::queries::{Mutuals, ShortestPaths, Suggestions};
use crate::{
    app::App,
    auth::Viewer,
    error::Error,
    http::answer::Json,
    page::{Limit, Page, Paging},
    section::Section,
    users::{
        Hidden, UserSummary, UserViewer,
        api::{people_page, split_ids},
        read, resolve_shown, viewer_states,
    },
};

pub struct GraphApi {
    pub app: Arc<App>,
}

/// How the acting user is connected to somebody.
#[derive(Debug, PartialEq, Eq, Serialize, Object)]
pub struct Paths {
    /// How many follows the shortest chains have, 0 to oneself; null when there is none of at most 6.
    #[oai(validator(minimum(value = "0"), maximum(value = "6")))]
    pub length: Option<i64>,
    /// Up to three shortest chains, each from the acting user to the other one.
    #[oai(validator(max_items = 3))]
    pub paths: Vec<Vec<UserSummary>>,
}

/// Somebody whom the acting user might follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct Suggestion {
    /// The person.
    pub user: UserSummary,
    /// Up to three people whom the acting user follows and who follow this person.
    #[oai(validator(min_items = 1, max_items = 3))]
    pub followed_by: Vec<UserSummary>,
    /// How many such people were found.
    #[oai(validator(minimum(value = "1")))]
    pub followed_by_count: i64,
}

/// What the acting user has to do with somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct Relationship {
    /// The other person's id.
    #[oai(validator(pattern = "^[a-z][a-z0-9]{23}$"))]
    pub id: String,
    #[serde(flatten)]
    #[oai(flatten)]
    pub state: UserViewer,
}

#[OpenApi(tag = "Section::Graph")]
impl GraphApi {
    /// List mutuals
    ///
    /// Whom the acting user follows and who follow this user, newest follow first.
    #[oai(path = "/v1/users/:user/mutuals", method = "get", operation_id = "list_mutuals")]
    async fn list_mutuals(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
        /// How many items the page may have.
        limit: Query<Option<Limit>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<UserSummary>>, Error> {
        let (user, hidden) = resolve_shown(&mut &self.app.reading(), &user.0, Some(&viewer.id)).await?;
        let list = format!("mutuals:{}:{user}", viewer.id);
        let paging = Paging::new(limit.0, cursor.0);
        let page = people_page(&self.app, &list, &paging, |before_key, before_id, limit| Mutuals {
            viewer: viewer.id,
            user,
            hidden: hidden.blocked(),
            before_key,
            before_id,
            limit,
        });
        Ok(Json::page(&page.await?))
    }

    /// Find the path to a user
    ///
    /// Up to three shortest chains of follows from the acting user to this one, of at most 6 steps.
    #[oai(path = "/v1/users/:user/path", method = "get", operation_id = "get_path")]
    async fn get_path(
        &self,
        viewer: Viewer,
        /// An id, or `@` and a handle.
        user: Path<String>,
    ) -> Result<Json<Paths>, Error> {
        let (user, hidden) = resolve_shown(&mut &self.app.reading(), &user.0, Some(&viewer.id)).await?;
        let chains: Vec<Vec<String>> = if user == viewer.id {
            vec![vec![user]]
        } else {
            let query = ShortestPaths { viewer: viewer.id, user, hidden: hidden.blocked() };
            self.app.store.run(&query).await?.into_iter().map(|row| row.ids).collect()
        };
        let people = self.people(chains.concat()).await?;
        let length = chains.first().and_then(|chain| i64::try_from(chain.len() - 1).ok());
        let paths = chains.iter().map(|chain| pick(&people, chain)).collect();
        Ok(Json::new(&Paths { length, paths }))
    }

    /// Suggest whom to follow
    ///
    /// People whom those follow whom the acting user follows, best first, measured against how many follow them
    /// anyway. Each names up to three of them.
    #[oai(path = "/v1/me/suggestions", method = "get", operation_id = "list_suggestions")]
    async fn list_suggestions(
        &self,
        viewer: Viewer,
        /// How many suggestions are wanted.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<Suggestion>>, Error> {
        let hidden = Hidden::from(&mut &self.app.reading(), Some(&viewer.id)).await?.kept_out();
        let query = Suggestions { viewer: viewer.id, hidden, limit: limit.0.unwrap_or_default().get() };
        let rows = self.app.store.run(&query).await?;
        let ids = rows.iter().flat_map(|row| std::iter::once(&row.id).chain(&row.via)).cloned().collect();
        let people = self.people(ids).await?;
        let items = rows
            .iter()
            .filter_map(|row| {
                Some(Suggestion {
                    user: people.get(&row.id)?.clone(),
                    followed_by: pick(&people, &row.via),
                    followed_by_count: row.friends,
                })
            })
            .collect();
        Ok(Json::page(&Page { items, next_cursor: None }))
    }

    /// Read relationships
    ///
    /// What the acting user has to do with each of up to 100 users, in the order of the ids. Unknown ids are left out.
    #[oai(path = "/v1/relationships", method = "get", operation_id = "list_relationships")]
    async fn list_relationships(
        &self,
        viewer: Viewer,
        /// Up to 100 ids, separated by commas.
        ids: Query<String>,
    ) -> Result<Json<Vec<Relationship>>, Error> {
        let hidden = Hidden::from(&mut &self.app.reading(), Some(&viewer.id)).await?;
        let mut ids = split_ids(&ids.0)?;
        ids.retain(|id| !hidden.is_gone(id));
        let mut states = viewer_states(&mut &self.app.store, &ids, Some(&viewer.id)).await?;
        let relationships: Vec<Relationship> = ids
            .into_iter()
            .filter_map(|id| states.remove(&id).map(|state| Relationship { id, state }))
            .collect();
        Ok(Json::new(&relationships))
    }
}

impl GraphApi {
    async fn people(&self, mut ids: Vec<String>) -> Result<HashMap<String, UserSummary>, Error> {
        ids.sort();
        ids.dedup();
        let users = read(&mut &self.app.store, &ids, None).await?;
        Ok(users.into_iter().map(|user| (user.id.clone(), user.into())).collect())
    }
}

fn pick(people: &HashMap<String, UserSummary>, ids: &[String]) -> Vec<UserSummary> {
    ids.iter().filter_map(|id| people.get(id).cloned()).collect()
}
