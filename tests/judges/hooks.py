"""Checks that Schemathesis runs beside its own; schemathesis.toml names this file."""

import os
import unicodedata

import schemathesis

TEXTS = ("text", "name", "bio", "note")


@schemathesis.hook
def map_body(context, body):
    """Leaves control characters out of texts: most that is made by chance has one, and would get no further."""
    if isinstance(body, dict):
        for name in TEXTS:
            if isinstance(body.get(name), str):
                kept = (letter for letter in body[name] if unicodedata.category(letter) != "Cc")
                body[name] = "".join(kept) or body[name]
    return body


# Why a request that the description allows is refused all the same: by the code of the problem, and where one code
# stands for many reasons, by what the faults are.
STATE = {
    "post_deleted",  # the post was there
    "precondition_failed",  # somebody changed it since
    "idempotency_key_reused",  # an earlier request has the key
    "self_follow",
    "self_block",
    "self_report",
    "invalid_cursor",  # cursors are sealed, for one list each
    "parent_not_in_thread",
}
MEANING = (
    # Counted after normalising and trimming.
    "must not be empty",
    "must have at most",
    # Allowed at the ends of a text, where they are trimmed.
    "must not contain control characters",
    # JSON Schema knows addresses, and not those of the web alone.
    "must be an http(s) URL",
)


@schemathesis.check
def refusals_have_a_reason(ctx, response, case):
    """A valid request is refused only for what its description cannot tell."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code not in (400, 410, 412, 422):
        return
    problem = response.json()
    if problem["code"] in STATE:
        return
    # What Unicode takes for a word, no pattern tells.
    if problem["code"] == "invalid_parameter" and problem["detail"].startswith("word must have a word"):
        return
    errors = problem["errors"]
    if problem["code"] == "validation_failed" and all(fault["message"].startswith(MEANING) for fault in errors):
        return
    raise AssertionError(f"A valid request was refused: {problem['code']} {errors}")


OTHER = os.environ.get("KITH_TEST_OTHER")
OWN = ("/v1/posts/{id}", "/v1/comments/{id}")

if OTHER:

    @schemathesis.check
    def nothing_is_done_for_another(ctx, response, case):
        """Whoever is logged in changes nothing that is another's, and does nothing in another's name.

        The paths lead to what `KITH_TEST_OTHER` has made.
        """
        if not 200 <= response.status_code < 300:
            return
        if case.operation.path in OWN and case.method in ("PATCH", "DELETE"):
            raise AssertionError(f"{case.method} of what is another's was answered {response.status_code}")
        is_me = case.operation.path == "/v1/me"
        if case.method == "POST" or is_me:
            made = response.json()
            author = made["id"] if is_me else made.get("author", {}).get("id")
            assert author != OTHER, f"done in the name of another: {made}"
