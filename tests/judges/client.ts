// The first session of README.md, by a client whose types were generated from the API description.
// Arguments: the address of a running Kith.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./kith.js";

type Post = components["schemas"]["Post"];
type Problem = components["schemas"]["Problem"];

const baseUrl = process.argv[2] ?? assert.fail("an address is wanted");
const client = (token?: string) =>
  createClient<paths>({ baseUrl, headers: token ? { Authorization: `Bearer ${token}` } : {} });

/** The data of an answer that must be a success. */
function success<T>(answer: { data?: T; error?: Problem; response: Response }): T {
  assert.equal(answer.error, undefined, JSON.stringify(answer.error));
  return answer.data ?? assert.fail(`${answer.response.status} without data`);
}

async function person(handle: string, name: string) {
  const password = "correct horse";
  const user = success(await client().POST("/v1/users", { body: { handle, name, password } }));
  const session = success(await client().POST("/v1/sessions", { body: { handle, password } }));
  return { user, api: client(session.access_token) };
}

const ann = await person("ts_ann", "Ann");
const bob = await person("ts_bob", "Bob");
assert.equal(ann.user.name, "Ann");
assert.equal(ann.user.viewer, null);

// What is refused is typed as well.
const taken = await client().POST("/v1/users", { body: { handle: "ts_ann", name: "Eve", password: "correct horse" } });
assert.equal(taken.response.status, 409);
assert.equal(taken.error?.code, "handle_taken");
assert.equal(taken.data, undefined);

const post: Post = success(await ann.api.POST("/v1/posts", { body: { text: "Hello from the #graph" } }));
const quote: Post = success(await ann.api.POST("/v1/posts", { body: { text: "Look", quote_of: post.id } }));
assert.ok(quote.quoted && "text" in quote.quoted);
assert.equal(quote.quoted.text, post.text);
assert.deepEqual(post.tags, ["graph"]);

const path = { user: "@ts_ann" };
const following = success(await bob.api.PUT("/v1/users/{user}/follow", { params: { path } }));
assert.equal(following.following, true);

// The home feed, walked in pages of one.
const texts: string[] = [];
let cursor: string | null = null;
do {
  const query: { limit: number; cursor?: string } = cursor === null ? { limit: 1 } : { limit: 1, cursor };
  const page: components["schemas"]["Page_FeedItem"] = success(
    await bob.api.GET("/v1/feeds/home", { params: { query } }),
  );
  for (const item of page.items) {
    texts.push(item.post.text);
    assert.equal(item.reasons[0]?.by.handle, "ts_ann");
  }
  cursor = page.next_cursor;
} while (cursor !== null);
assert.deepEqual(texts, ["Look", "Hello from the #graph"]);

const id = { path: { id: post.id } };
const comment = success(await bob.api.POST("/v1/posts/{id}/comments", { params: id, body: { text: "Welcome" } }));
success(
  await ann.api.POST("/v1/posts/{id}/comments", { params: id, body: { text: "Thank you", parent_id: comment.id } }),
);
const thread = success(await client().GET("/v1/posts/{id}/thread", { params: id }));
assert.deepEqual(
  thread.items.map((item) => item.comment?.text),
  ["Welcome", "Thank you"],
);

// Reading again what has not changed.
const first = await client().GET("/v1/posts/{id}", { params: id });
const etag = first.response.headers.get("ETag") ?? assert.fail("no entity tag");
const again = await client().GET("/v1/posts/{id}", { params: { ...id, header: { "If-None-Match": etag } } });
assert.equal(again.response.status, 304);

const gone = await ann.api.DELETE("/v1/posts/{id}", { params: id });
assert.equal(gone.response.status, 204);
const missing = await client().GET("/v1/posts/{id}", { params: id });
assert.equal(missing.error?.code, "post_deleted");
console.log("done");
