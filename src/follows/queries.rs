//! The statements of follows.

use crate::{cypher::IdRow, queries, store::Fact};

queries! {
    /// Makes one user follow another, once.
    write Follow("follows/follow.cypher") { viewer: String, user: String, rank_key: i64 } -> IdRow,
        about |it| vec![Fact::Following(&it.viewer), Fact::Numbers(&it.viewer), Fact::Numbers(&it.user)];
    /// Makes one user follow another no longer.
    write Unfollow("follows/unfollow.cypher") { viewer: String, user: String } -> IdRow,
        about |it| vec![Fact::Following(&it.viewer), Fact::Numbers(&it.viewer), Fact::Numbers(&it.user)];
}
