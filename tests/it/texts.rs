//! What people write, and the names they write it under, as the API takes and refuses them.

use serde_json::{Value, json};

use crate::{
    problems::{kith, problem},
    support::{Answer, Kith, Person, text},
};

async fn write(kith: &Kith, ann: &Person, text: &str) -> Answer {
    kith.send("POST", "/v1/posts", &ann.token, json!({"text": text})).await
}

#[tokio::test]
async fn a_text_is_counted_as_people_count_it() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    let family = "👨‍👩‍👧‍👦";
    let post = write(&kith, &ann, &family.repeat(280)).await.expect(201);
    assert_eq!(post["text"], family.repeat(280));
    let answer = write(&kith, &ann, &family.repeat(281)).await;
    assert_eq!(problem(answer, "/v1/posts", 422, "validation_failed"), ["text"]);
    // An e and its accent are one, whether the client joined them or not.
    let post = write(&kith, &ann, &"e\u{301}".repeat(280)).await.expect(201);
    assert_eq!(post["text"], "\u{e9}".repeat(280));
}

#[tokio::test]
async fn a_text_is_cleaned_before_it_is_kept() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    for (sent, kept) in
        [("  Hi \n", "Hi"), ("one\r\ntwo", "one\ntwo"), ("\u{a0}Hi\u{3000}", "Hi"), ("a\n\nb", "a\n\nb")]
    {
        assert_eq!(write(&kith, &ann, sent).await.expect(201)["text"], kept);
    }
    for sent in
        ["", "   ", "\n\r\n\t", "\u{2003}", "a\u{0}b", "a\u{7}b", "a\tb", "a\u{85}b", "a\rb", "\u{7f}x"]
    {
        let answer = write(&kith, &ann, sent).await;
        assert_eq!(
            problem(answer, "/v1/posts", 422, "validation_failed").first().unwrap(),
            "text",
            "{sent:?}"
        );
    }
}

#[tokio::test]
async fn a_handle_and_a_password_keep_their_bounds() {
    let kith = kith().await;
    let register = async |handle: &str, password: &str| {
        let body = json!({"handle": handle, "name": "x", "password": password});
        kith.send("POST", "/v1/users", "", body).await
    };
    for handle in ["ab", &"a".repeat(31), "an n", "ann!", "änn", "@ann", "a-b", ""] {
        let answer = register(handle, "correct horse").await;
        assert_eq!(problem(answer, "/v1/users", 422, "validation_failed"), ["handle"], "{handle}");
    }
    for password in [String::new(), "x".repeat(9), "x".repeat(129)] {
        let answer = register("ann", &password).await;
        assert_eq!(problem(answer, "/v1/users", 422, "validation_failed"), ["password"]);
    }
    assert_eq!(register("ABC", &"x".repeat(10)).await.expect(201)["handle"], "abc");
    assert_eq!(register(&"A".repeat(30), &"é".repeat(128)).await.expect(201)["handle"], "a".repeat(30));
    problem(register("aBc", "correct horse").await, "/v1/users", 409, "handle_taken");
    let login = json!({"handle": "@AbC", "password": "x".repeat(10)});
    kith.send("POST", "/v1/sessions", "", login).await.expect(200);
}

#[tokio::test]
async fn a_quote_needs_a_post_that_is_there() {
    let kith = kith().await;
    let ann = kith.person("ann").await;
    let quote = async |of: &str| {
        let body = json!({"text": "Look", "quote_of": of});
        kith.send("POST", "/v1/posts", &ann.token, body).await
    };
    problem(quote("nothing").await, "/v1/posts", 404, "post_not_found");
    let post = text(&kith.post(&ann, "Hi").await["id"]);
    quote(&post).await.expect(201);
    kith.send("DELETE", &format!("/v1/posts/{post}"), &ann.token, Value::Null).await.expect(204);
    problem(quote(&post).await, "/v1/posts", 410, "post_deleted");
}
