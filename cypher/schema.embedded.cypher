// Constraints and indexes for the embedded engine: it has hash indexes over one label, and no index of a
// relationship over two properties.
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
// The newest posts of all: the public feed. An index over rank keys would never be used: the engine looks for numbers
// beyond 2^53 in none.
DROP INDEX post_rank IF EXISTS;
CREATE RANGE INDEX post_created IF NOT EXISTS FOR (post:Post) ON (post.created_at);
// The comments below a post or comment, in the order they were written.
CREATE INDEX comment_parent IF NOT EXISTS FOR (comment:Comment) ON (comment.parent_id);
// The hottest posts.
CREATE RANGE INDEX post_heat IF NOT EXISTS FOR (post:Post) ON (post.heat);
// What admins did, newest first.
CREATE RANGE INDEX audit_entry_at IF NOT EXISTS FOR (entry:AuditEntry) ON (entry.at);
// What was reported: to judge all reports about the same, to erase them with whose they are about, and the queue.
CREATE INDEX report_target IF NOT EXISTS FOR (report:Report) ON (report.target_id);
CREATE INDEX report_owner IF NOT EXISTS FOR (report:Report) ON (report.owner_id);
CREATE INDEX report_state IF NOT EXISTS FOR (report:Report) ON (report.state);
