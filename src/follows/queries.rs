//! The statements of follows.

use crate::{cypher::IdRow, queries};

queries! {
    /// Makes one user follow another, once.
    write Follow("follows/follow.cypher") { viewer: String, user: String, rank_key: i64 } -> IdRow;
    /// Makes one user follow another no longer.
    write Unfollow("follows/unfollow.cypher") { viewer: String, user: String } -> IdRow;
}
