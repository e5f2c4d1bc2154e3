// Constraints and indexes. Each statement may be run again and again.
CREATE CONSTRAINT user_id IF NOT EXISTS FOR (user:User) REQUIRE user.id IS UNIQUE;
CREATE CONSTRAINT user_handle IF NOT EXISTS FOR (user:User) REQUIRE user.handle IS UNIQUE;
CREATE CONSTRAINT credential_id IF NOT EXISTS FOR (credential:Credential) REQUIRE credential.id IS UNIQUE;
CREATE CONSTRAINT identity_id IF NOT EXISTS FOR (identity:Identity) REQUIRE identity.id IS UNIQUE;
CREATE CONSTRAINT session_id IF NOT EXISTS FOR (session:Session) REQUIRE session.id IS UNIQUE;
CREATE CONSTRAINT personal_token_id IF NOT EXISTS FOR (token:PersonalToken) REQUIRE token.id IS UNIQUE;
CREATE CONSTRAINT personal_token_hash IF NOT EXISTS FOR (token:PersonalToken) REQUIRE token.token_hash IS UNIQUE;
CREATE CONSTRAINT refresh_token_id IF NOT EXISTS FOR (token:RefreshToken) REQUIRE token.id IS UNIQUE;
CREATE CONSTRAINT idempotency_key_id IF NOT EXISTS FOR (key:IdempotencyKey) REQUIRE key.id IS UNIQUE;
CREATE CONSTRAINT erasure_id IF NOT EXISTS FOR (erasure:Erasure) REQUIRE erasure.id IS UNIQUE;
CREATE CONSTRAINT post_id IF NOT EXISTS FOR (post:Post) REQUIRE post.id IS UNIQUE;
CREATE CONSTRAINT deleted_post_id IF NOT EXISTS FOR (post:DeletedPost) REQUIRE post.id IS UNIQUE;
CREATE CONSTRAINT repost_id IF NOT EXISTS FOR (repost:Repost) REQUIRE repost.id IS UNIQUE;
CREATE CONSTRAINT comment_id IF NOT EXISTS FOR (comment:Comment) REQUIRE comment.id IS UNIQUE;
CREATE CONSTRAINT audit_entry_id IF NOT EXISTS FOR (entry:AuditEntry) REQUIRE entry.id IS UNIQUE;
CREATE CONSTRAINT report_id IF NOT EXISTS FOR (report:Report) REQUIRE report.id IS UNIQUE;
CREATE CONSTRAINT suspension_id IF NOT EXISTS FOR (suspension:Suspension) REQUIRE suspension.id IS UNIQUE;
CREATE CONSTRAINT tag_id IF NOT EXISTS FOR (tag:Tag) REQUIRE tag.id IS UNIQUE;
// An author's newest entries in index order: profiles and the home feed.
CREATE INDEX entry_author_rank IF NOT EXISTS FOR (entry:Entry) ON (entry.author_id, entry.rank_key);
// The newest posts of all: the public feed.
CREATE RANGE INDEX post_rank IF NOT EXISTS FOR (post:Post) ON (post.rank_key);
// The comments below a post or comment, in the order they were written.
CREATE INDEX comment_parent_rank IF NOT EXISTS FOR (comment:Comment) ON (comment.parent_id, comment.rank_key);
// The newest posts of a tag.
CREATE INDEX tagged_tag_rank IF NOT EXISTS FOR ()-[tagged:TAGGED]-() ON (tagged.tag, tagged.rank_key);
// The hottest posts.
CREATE RANGE INDEX post_heat IF NOT EXISTS FOR (post:Post) ON (post.heat);
// Mutes whose time is over.
CREATE INDEX mutes_until IF NOT EXISTS FOR ()-[mute:MUTES]-() ON (mute.until);
// What admins did, newest first.
CREATE RANGE INDEX audit_entry_at IF NOT EXISTS FOR (entry:AuditEntry) ON (entry.at);
// What was reported: to judge all reports about the same, to erase them with whose they are about, and the queue.
CREATE INDEX report_target IF NOT EXISTS FOR (report:Report) ON (report.target_id);
CREATE INDEX report_owner IF NOT EXISTS FOR (report:Report) ON (report.owner_id);
CREATE INDEX report_state_rank IF NOT EXISTS FOR (report:Report) ON (report.state, report.rank_key);
