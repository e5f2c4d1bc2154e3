//! What the guard of admins' questions makes of any text, and of questions of which it is known what they reach.

#![no_main]

#[path = "../choices.rs"]
mod choices;
#[path = "../questions.rs"]
mod questions;

use kith::admin::{names::is_secret, text};
use libfuzzer_sys::fuzz_target;

use choices::Choices;
use questions::{Question, Verdict};

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices::of(input);
    if choices.one_in(4) {
        return any(&String::from_utf8_lossy(input.get(1..).unwrap_or_default()));
    }
    let question = Question::of(&mut choices);
    match (question.verdict, text::check(&question.text)) {
        (Verdict::Bad, Ok(())) => panic!("let through: {}", question.text),
        (Verdict::Plain, Err(why)) => panic!("refused, for {why}: {}", question.text),
        _ => any(&choices.altered(&question.text)),
    }
});

/// What holds of all texts.
fn any(text: &str) {
    if text::check(text).is_err() {
        return;
    }
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    assert!(!words.any(is_secret), "a secret is named: {text}");
    assert!(!text.contains(['\\', '`', ';']), "what is read in several ways: {text}");
    for (before, behind) in
        [("EXPLAIN ", ""), ("", " MATCH (anything) RETURN anything"), ("", ";"), ("", " // x")]
    {
        let longer = format!("{before}{text}{behind}");
        assert!(text::check(&longer).is_err(), "let through: {longer}");
    }
    assert_eq!(text::check(&format!("\n {text}\t")), Ok(()), "space changes it: {text}");
}
