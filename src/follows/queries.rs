//! The statements of follows and of requests to follow.

use crate::{cypher::IdRow, queries, store::Fact, users::queries::ListedUser};

queries! {
    /// Makes one user follow another, once, unless that takes the other's consent.
    write Follow("follows/follow.cypher") { viewer: String, user: String, rank_key: i64 } -> IdRow,
        about |it| between(&it.viewer, &it.user);
    /// Makes one user follow another no longer, nor ask to.
    write Unfollow("follows/unfollow.cypher") { viewer: String, user: String } -> IdRow,
        about |it| between(&it.viewer, &it.user);
    /// Asks a user for consent to follow them, once.
    write Request("follows/request.cypher") { viewer: String, user: String, rank_key: i64 } -> IdRow,
        about |it| vec![Fact::Following(&it.viewer)];
    /// Lets a user who has asked follow the viewer.
    write Accept("follows/accept.cypher") { viewer: String, user: String, rank_key: i64 } -> IdRow,
        about |it| between(&it.user, &it.viewer);
    /// Lets all users who have asked follow the viewer.
    write AcceptAll("follows/accept_all.cypher") { viewer: String, rank_key: i64 } -> IdRow,
        about |it, rows| rows.iter().flat_map(|row| between(&row.id, &it.viewer)).collect();
    /// Takes the request of a user to follow the viewer away.
    write Refuse("follows/refuse.cypher") { viewer: String, user: String } -> IdRow,
        about |it| vec![Fact::Following(&it.user)];
    /// Who asks to follow a user, newest request first.
    read Requests("follows/requests.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
    /// Whom a user asks to follow, newest request first.
    read SentRequests("follows/sent_requests.cypher") { user: String, before_key: i64, before_id: String, limit: usize } -> ListedUser;
}

/// What it changes that one user begins or ends to follow another.
fn between<'a>(viewer: &'a str, user: &'a str) -> Vec<Fact<'a>> {
    vec![Fact::Following(viewer), Fact::Numbers(viewer), Fact::Numbers(user)]
}
