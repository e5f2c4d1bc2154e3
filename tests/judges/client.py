"""The first session of README.md, by a client that was generated from the API description.

Argument: the address of a running Kith.
"""

import sys
from http import HTTPStatus

from kith_client import AuthenticatedClient, Client
from kith_client.api.accounts import create_session, create_user
from kith_client.api.comments import create_comment
from kith_client.api.feeds import get_home_feed
from kith_client.api.follows import follow_user
from kith_client.api.posts import create_post, delete_post, get_post
from kith_client.api.threads import get_post_thread
from kith_client.models import (
    Credentials,
    NewComment,
    NewPost,
    NewUser,
    PageFeedItem,
    Post,
    PostOrTombstonePost,
    PostOrTombstoneTombstone,
    Problem,
    ReasonKind,
    SessionTokens,
    Thread,
    User,
)

URL = sys.argv[1]
PASSWORD = "correct horse"
# A status that the description does not list is an error.
anonymous = Client(URL, raise_on_unexpected_status=True)


def a(kind, answer):
    """The answer, which must be of that kind."""
    assert isinstance(answer, kind), answer
    return answer


def person(handle, name):
    """Somebody who has registered and logged in."""
    new = NewUser(handle=handle, name=name, password=PASSWORD)
    user = a(User, create_user.sync(client=anonymous, body=new))
    assert (user.name, user.bio, user.viewer) == (name, None, None), user
    credentials = Credentials(handle=handle, password=PASSWORD)
    tokens = a(SessionTokens, create_session.sync(client=anonymous, body=credentials))
    return user, AuthenticatedClient(URL, token=tokens.access_token, raise_on_unexpected_status=True)


ann, as_ann = person("py_ann", "Ann")
bob, as_bob = person("py_bob", "Bob")

taken = a(Problem, create_user.sync(client=anonymous, body=NewUser(handle="py_ann", name="Eve", password=PASSWORD)))
assert (taken.code, taken.status) == ("handle_taken", 409), taken

post = a(Post, create_post.sync(client=as_ann, body=NewPost(text="Hello from the #graph")))
assert (post.tags, post.edited_at) == (["graph"], None), post
quote = a(Post, create_post.sync(client=as_ann, body=NewPost(text="Look", quote_of=post.id)))
assert a(PostOrTombstonePost, quote.quoted).text == post.text, quote

assert follow_user.sync(client=as_bob, user="@py_ann").following

texts, cursor = [], {}
while True:
    page = a(PageFeedItem, get_home_feed.sync(client=as_bob, limit=1, **cursor))
    for item in page.items:
        texts.append(item.post.text)
        assert item.reasons[0].kind == ReasonKind.AUTHOR, item
        assert item.reasons[0].by.handle == "py_ann", item
    if page.next_cursor is None:
        break
    cursor = {"cursor": page.next_cursor}
assert texts == ["Look", "Hello from the #graph"], texts

comment = create_comment.sync(client=as_bob, id=post.id, body=NewComment(text="Welcome"))
create_comment.sync(client=as_ann, id=post.id, body=NewComment(text="Thank you", parent_id=comment.id))
thread = a(Thread, get_post_thread.sync(client=anonymous, id=post.id))
assert [item.comment.text for item in thread.items] == ["Welcome", "Thank you"], thread

# Reading again what has not changed.
first = get_post.sync_detailed(client=anonymous, id=post.id)
again = get_post.sync_detailed(client=anonymous, id=post.id, if_none_match=first.headers["ETag"])
assert again.status_code == HTTPStatus.NOT_MODIFIED, again

assert delete_post.sync_detailed(client=as_ann, id=post.id).status_code == HTTPStatus.NO_CONTENT
gone = a(Problem, get_post.sync(client=anonymous, id=post.id))
assert gone.code == "post_deleted", gone
quote = a(Post, get_post.sync(client=anonymous, id=quote.id))
assert a(PostOrTombstoneTombstone, quote.quoted).id == post.id, quote
print("done")
