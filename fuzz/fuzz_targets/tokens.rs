//! Tokens: nobody gets in but with what Kith, or an issuer that it believes, has signed for it and for now.

#![no_main]

#[path = "../app.rs"]
mod app;
#[path = "../choices.rs"]
mod choices;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::LazyLock,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use kith::{auth, config::IssuerConfig};
use libfuzzer_sys::fuzz_target;
use poem::http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};

use app::Kith;
use choices::Choices;

const AUDIENCE: &str = "https://api.example.com";
const KEY: &str = "one";
/// In seconds: further away than any skew.
const FAR: i64 = 10_000;

/// An issuer that answers on the loopback address, and the keys of everybody.
struct World {
    kith: &'static Kith,
    issuer: String,
    kith_key: SigningKey,
    kith_key_id: String,
    issuer_key: SigningKey,
    stranger: SigningKey,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let issuer_key = SigningKey::from_bytes(&[7; 32]);
    let x = URL_SAFE_NO_PAD.encode(issuer_key.verifying_key().as_bytes());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let issuer = format!("http://{}", listener.local_addr().expect("an address"));
    let discovery = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": KEY, "x": x}]});
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut first = String::new();
            let mut lines = BufReader::new(&stream);
            let _ = lines.read_line(&mut first);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let body = if first.contains("/keys") { &keys } else { &discovery }.to_string();
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
            let _ = write!(stream, "{head} {}\r\n\r\n{body}", body.len());
        }
    });
    let config = json!({"issuer": issuer, "audience": AUDIENCE});
    let config: IssuerConfig = serde_json::from_value(config).expect("an issuer");
    let kith = app::kith(|all| all.auth.issuers = vec![config]);
    let world = World {
        kith,
        issuer,
        // What 43 times "A" stands for.
        kith_key: SigningKey::from_bytes(&[0; 32]),
        kith_key_id: kith.app.tokens.key_set().keys[0].kid.clone(),
        issuer_key,
        stranger: SigningKey::from_bytes(&[9; 32]),
    };
    let (own, theirs) = (world.good_of_kith(), world.good_of_issuer());
    assert!(kith.app.tokens.verify(&world.signed(&own)).is_ok(), "a good token of Kith's");
    assert!(world.is_vouched_for(&world.signed(&theirs)), "a good token of the issuer's");
    world
});

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Signs {
    Kith,
    Issuer,
    Stranger,
    Nobody,
}

/// A token before it is written down.
struct Draft {
    head: Map<String, Value>,
    claims: Map<String, Value>,
    by: Signs,
}

fn now() -> i64 {
    kith::clock::Clock::default().now().0 / 1_000_000
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

impl World {
    fn good_of_kith(&self) -> Draft {
        Draft {
            head: object(json!({"typ": "JWT", "alg": "EdDSA", "kid": self.kith_key_id})),
            claims: object(json!({
                "sub": "user", "sid": "session", "iss": "kith", "aud": "kith", "iat": now(), "exp": now() + FAR,
            })),
            by: Signs::Kith,
        }
    }

    fn good_of_issuer(&self) -> Draft {
        Draft {
            head: object(json!({"typ": "JWT", "alg": "EdDSA", "kid": KEY})),
            claims: object(json!({
                "sub": "subject", "iss": self.issuer, "aud": AUDIENCE, "iat": now(), "exp": now() + FAR,
            })),
            by: Signs::Issuer,
        }
    }

    fn signed(&self, draft: &Draft) -> String {
        let part = |part: &Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::from(part.clone()).to_string());
        let text = format!("{}.{}", part(&draft.head), part(&draft.claims));
        let key = match draft.by {
            Signs::Kith => &self.kith_key,
            Signs::Issuer => &self.issuer_key,
            Signs::Stranger => &self.stranger,
            Signs::Nobody => return format!("{text}."),
        };
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes()))
    }

    fn is_vouched_for(&self, token: &str) -> bool {
        self.kith.runtime.block_on(self.kith.app.issuers.verify(token)).is_some_and(|vouched| vouched.is_ok())
    }

    /// What a header with it proves, where nobody else is asked.
    fn is_known(&self, bearer: &[u8]) -> bool {
        let Ok(value) = HeaderValue::from_bytes(bearer) else { return false };
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value);
        auth::known(&self.kith.app, &headers).is_ok_and(|proof| proof.is_some())
    }

    /// Changes one thing, or a few.
    fn spoilt(&self, mut draft: Draft, choices: &mut Choices) -> Draft {
        for _ in 0..choices.below(4) {
            let (name, value) = self.other(choices);
            let part = if matches!(name, "alg" | "kid" | "crit" | "typ" | "jwk") {
                &mut draft.head
            } else {
                &mut draft.claims
            };
            match value {
                Some(value) => part.insert(name.to_owned(), value),
                None => part.remove(name),
            };
        }
        if choices.one_in(3) {
            draft.by = choices.of_these(&[Signs::Kith, Signs::Issuer, Signs::Stranger, Signs::Nobody]);
        }
        draft
    }

    /// A part of a token, and something to put there; or nothing.
    fn other(&self, choices: &mut Choices) -> (&'static str, Option<Value>) {
        let name =
            choices.of_these(&["alg", "kid", "crit", "jwk", "sub", "sid", "iss", "aud", "iat", "exp", "nbf"]);
        if choices.one_in(6) {
            return (name, None);
        }
        let x = || URL_SAFE_NO_PAD.encode(self.stranger.verifying_key().as_bytes());
        let value = match name {
            "alg" => json!(choices.of_these(&["EdDSA", "none", "None", "HS256", "RS256", "ES256", "eddsa"])),
            "kid" => json!(choices.of_these(&[KEY, self.kith_key_id.as_str(), "two", "", "../../x"])),
            "crit" => json!(["exp"]),
            "jwk" => json!({"kty": "OKP", "crv": "Ed25519", "x": x()}),
            "iss" | "aud" => {
                let names = ["kith", self.issuer.as_str(), AUDIENCE, "other", "Kith", "kith "];
                let one = choices.of_these(&names);
                if choices.one_in(3) { json!([one, choices.of_these(&names)]) } else { json!(one) }
            }
            "sub" | "sid" => {
                let names =
                    [json!(""), json!(choices.text()), json!(7), json!("x".repeat(300)), json!(["user"])];
                choices.of_these(&names)
            }
            _ => {
                let times = [
                    json!(0),
                    json!(-1),
                    json!(now() - FAR),
                    json!(now() + FAR),
                    json!(1e18),
                    json!(-1e30),
                    json!(true),
                    json!(u64::MAX),
                    json!(i64::MIN),
                    json!("9999999999"),
                    json!(choices.number()),
                    json!(null),
                ];
                choices.of_these(&times)
            }
        };
        (name, Some(value))
    }
}

impl Draft {
    fn names(&self, claim: &str, wanted: &str) -> bool {
        match self.claims.get(claim) {
            Some(Value::String(name)) => name == wanted,
            Some(Value::Array(names)) => names.iter().any(|name| name == wanted),
            _ => false,
        }
    }

    fn time(&self, claim: &str) -> Option<f64> {
        self.claims.get(claim).and_then(Value::as_f64)
    }

    /// What has to be so if it lets anybody in at all.
    fn may_be_good(&self, by: Signs, issuer: &str, audience: &str) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let now = now() as f64;
        self.by == by
            && self.head.get("alg") == Some(&json!("EdDSA"))
            && self.claims.get("iss") == Some(&json!(issuer))
            && self.names("aud", audience)
            && self.time("exp").is_some_and(|exp| exp > now - 120.0)
            && matches!(self.claims.get("sub"), Some(Value::String(_)))
    }
}

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let mut choices = Choices::of(input);
    if choices.one_in(4) {
        // Whatever stands in the header; nobody forges a signature by chance.
        assert!(!world.is_known(&input[1..]), "{:?} lets in", &input[1..]);
        let text = choices.text();
        assert!(world.kith.app.tokens.verify(&text).is_err() && !world.is_vouched_for(&text), "{text}");
        return;
    }
    let is_own = choices.one_in(2);
    let good = if is_own { world.good_of_kith() } else { world.good_of_issuer() };
    let draft = world.spoilt(good, &mut choices);
    let token = world.signed(&draft);
    let told = || format!("{:?} {:?} signed by {:?}", draft.head, draft.claims, draft.by);

    if world.kith.app.tokens.verify(&token).is_ok() {
        assert!(draft.may_be_good(Signs::Kith, "kith", "kith"), "it is Kith's: {}", told());
        assert_eq!(draft.head.get("kid"), Some(&json!(world.kith_key_id)), "{}", told());
        assert!(draft.time("exp").is_some_and(|exp| exp > 0.0), "{}", told());
        assert!(world.is_known(format!("Bearer {token}").as_bytes()), "{}", told());
    }
    if world.is_vouched_for(&token) {
        assert!(draft.may_be_good(Signs::Issuer, &world.issuer, AUDIENCE), "it is the issuer's: {}", told());
        assert!(!draft.head.contains_key("crit"), "what must be understood: {}", told());
        assert!(draft.head.get("kid").is_none_or(|kid| kid == KEY), "{}", told());
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let soon = (now() + 120) as f64;
        assert!(draft.time("nbf").is_none_or(|nbf| nbf < soon), "not yet: {}", told());
        let length = draft.claims.get("sub").and_then(Value::as_str).map_or(0, str::len);
        assert!((1..=255).contains(&length), "{}", told());
    }
    let altered = choices.altered(&token);
    if altered != token {
        assert!(world.kith.app.tokens.verify(&altered).is_err(), "altered: {altered} of {}", told());
        assert!(!world.is_vouched_for(&altered), "altered: {altered} of {}", told());
    }
});
