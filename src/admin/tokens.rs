//! A query in words, numbers, texts and marks. What Cypher reads in more than one way is refused: no escapes, no quoted
//! names, no comments. What needs such a letter can be a parameter.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Word(&'a str),
    Number(&'a str),
    Text(&'a str),
    Parameter(&'a str),
    Mark(char),
}

impl<'a> Token<'a> {
    pub fn word(&self) -> Option<&'a str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

/// Whether that mark stands there.
pub fn is(tokens: &[Token], at: usize, mark: char) -> bool {
    tokens.get(at) == Some(&Token::Mark(mark))
}

/// The tokens of a query, or why it is refused.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    for (mark, what) in [
        ("\\", "escapes"),
        ("`", "quoted names"),
        ("//", "comments"),
        ("/*", "comments"),
        (";", "more than one statement"),
    ] {
        if text.contains(mark) {
            return Err(format!(
                "it has {mark}, and {what} are not read; a text can be given as a parameter"
            ));
        }
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            ' ' | '\t' | '\n' | '\r' => 1,
            '\'' | '"' => {
                let end = rest[1..].find(letter).ok_or("a text has no end")?;
                tokens.push(Token::Text(&rest[1..=end]));
                end + 2
            }
            '$' => {
                let name = word(&rest[1..]);
                if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
                    return Err("a $ is followed by no name".to_owned());
                }
                tokens.push(Token::Parameter(name));
                name.len() + 1
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let word = word(rest);
                tokens.push(Token::Word(word));
                word.len()
            }
            letter if letter.is_ascii_digit() => {
                let word = word(rest);
                if !is_number(word) {
                    return Err(format!("it has {word}, which is neither a number nor a word"));
                }
                tokens.push(Token::Number(word));
                word.len()
            }
            letter if letter.is_ascii_punctuation() => {
                tokens.push(Token::Mark(letter));
                1
            }
            letter => return Err(format!("it has the letter {letter:?} outside of texts")),
        };
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// Whether it is digits, with `e` and an exponent at most, or those of another base. A word right behind a number is a
/// word of its own to some who read Cypher, and to others an error.
fn is_number(word: &str) -> bool {
    let is_of = |text: &str, digit: fn(u8) -> bool| text.bytes().all(|byte| digit(byte) || byte == b'_');
    let (base, rest) = word.split_at(word.len().min(2));
    if matches!(base, "0x" | "0X" | "0o" | "0O") {
        return is_of(rest, |byte| byte.is_ascii_hexdigit());
    }
    let (whole, exponent) = word.split_once(['e', 'E']).unwrap_or((word, ""));
    [whole, exponent].iter().all(|part| is_of(part, |byte| byte.is_ascii_digit()))
}

fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}
