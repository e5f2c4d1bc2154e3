//! The first net: what the text of a query must be like before any database sees it.
//!
//! Nodes come into a query by patterns, and a pattern begins where a label says and goes on along relationships whose
//! types are named. So each path has a node with an open label, each relationship an open type, and none may be of no
//! step at all: then no secret node is ever matched, wherever the pattern stands. The plan, which is the second net,
//! does not show what stands in an expression.

use super::{
    names::{BEFORE_PARENTHESES, FUNCTIONS, OPEN_LABELS, OPEN_TYPES, is_secret},
    tokens::{Token, is, tokens},
};

/// How long a query may be, in bytes.
pub const MOST_BYTES: usize = 10_000;

/// How a query may begin. All else is a prefix that changes what is run, or no question.
const BEGINNINGS: [&str; 6] = ["call", "match", "optional", "return", "unwind", "with"];

/// Words that stand for what is never run, and the operator that runs it.
const NEVER: [(&str, &str); 19] = [
    ("create", "Create"),
    ("cypher", "a prefix"),
    ("delete", "Delete"),
    ("detach", "DetachDelete"),
    ("explain", "a prefix"),
    ("foreach", "Foreach"),
    ("insert", "Create"),
    ("load", "LoadCSV"),
    ("merge", "Merge"),
    ("profile", "a prefix"),
    ("reduce", "reduce(), whose result may grow without bounds"),
    ("remove", "RemoveLabels"),
    ("set", "SetProperty"),
    ("show", "Show"),
    ("terminate", "TerminateTransactions"),
    ("transaction", "TransactionApply"),
    ("transactions", "TransactionApply"),
    ("use", "USE"),
    ("yield", "ProcedureCall"),
];

/// Words that may stand between patterns of one MATCH.
const IN_PATTERNS: [&str; 6] = ["all", "allshortestpaths", "any", "path", "shortest", "shortestpath"];

/// Why a text is refused, if it is.
pub fn check(text: &str) -> Result<(), String> {
    if text.len() > MOST_BYTES {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    // Of the text and not of its tokens: names in texts and between any marks count as well.
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    if let Some(secret) = words.into_iter().find(|word| is_secret(word)) {
        return Err(format!("it names {secret}, which is secret"));
    }
    let tokens = tokens(text)?;
    let first = tokens.first().and_then(Token::word).unwrap_or_default().to_ascii_lowercase();
    if !BEGINNINGS.contains(&first.as_str()) {
        return Err("it must begin with MATCH, OPTIONAL MATCH, WITH, UNWIND, CALL { or RETURN".to_owned());
    }
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) => check_word(&tokens, at, &word.to_ascii_lowercase())?,
            Token::Mark('-') => check_dash(&tokens, at)?,
            Token::Mark('[') => check_list(&tokens, at)?,
            Token::Mark(')') => check_quantifier(&tokens, at)?,
            Token::Parameter(_) if is(&tokens, at + 1, '(') => {
                return Err("a label that is computed".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_word(tokens: &[Token], at: usize, word: &str) -> Result<(), String> {
    let is_property = at > 0 && is(tokens, at - 1, '.');
    if let Some((_, operator)) = NEVER.iter().find(|(never, _)| *never == word && !is_property) {
        return Err(format!("it uses {operator}"));
    }
    if is(tokens, at + 1, '(') {
        check_function(tokens, at, word)?;
    }
    match word {
        "match" => check_patterns(tokens, at + 1),
        "call" if !is(tokens, at + 1, '{') && !is(tokens, at + 1, '(') => {
            Err("it uses ProcedureCall".to_owned())
        }
        "collect" if is(tokens, at + 1, '{') => Err("COLLECT { } is not run; use collect()".to_owned()),
        "exists" | "count" if is(tokens, at + 1, '{') => {
            let clauses = ["match", "optional", "call", "unwind", "with", "return"];
            let next = tokens.get(at + 2).and_then(Token::word).unwrap_or_default().to_ascii_lowercase();
            if clauses.contains(&next.as_str()) { Ok(()) } else { check_patterns(tokens, at + 2) }
        }
        _ => Ok(()),
    }
}

/// What a parenthesis behind a word calls.
fn check_function(tokens: &[Token], at: usize, word: &str) -> Result<(), String> {
    let mut name = word.to_owned();
    let mut first = at;
    while first >= 2 && is(tokens, first - 1, '.') {
        let Some(space) = tokens[first - 2].word() else { break };
        name = format!("{}.{name}", space.to_ascii_lowercase());
        first -= 2;
    }
    let is_called = first != at || !BEFORE_PARENTHESES.contains(&word);
    if is_called && !FUNCTIONS.contains(&name.as_str()) {
        return Err(format!("{name}() is not among the functions that are known to be harmless"));
    }
    Ok(())
}

/// A dash is arithmetic, or belongs to a relationship that names its types.
fn check_dash(tokens: &[Token], at: usize) -> Result<(), String> {
    let untyped = || Err("each relationship must name its types, as in -[:FOLLOWS]->".to_owned());
    let before = at.checked_sub(1).map(|at| &tokens[at]);
    match tokens.get(at + 1) {
        Some(Token::Mark('[')) => check_relationship(tokens, at + 2),
        Some(Token::Mark('-')) => untyped(),
        Some(Token::Mark('>')) if before != Some(&Token::Mark(']')) => untyped(),
        Some(Token::Mark('(')) if matches!(before, Some(Token::Mark(')' | '<'))) => untyped(),
        Some(Token::Mark('>' | '(' | '*' | '{' | '+')) if before == Some(&Token::Mark(']')) => {
            let next = at + 1 + usize::from(is(tokens, at + 1, '>'));
            check_steps(tokens, next)
        }
        _ => Ok(()),
    }
}

/// What stands in the brackets of a relationship: a name or none, types, and how many steps, but not none.
fn check_relationship(tokens: &[Token], start: usize) -> Result<(), String> {
    let mut at = start + usize::from(tokens.get(start).and_then(Token::word).is_some());
    let mut types = 0;
    if is(tokens, at, ':') {
        while let Some(token) = tokens.get(at) {
            match token {
                Token::Mark(':' | '|') => {}
                Token::Word(word) if OPEN_TYPES.contains(word) => types += 1,
                Token::Word(word) if is_where(word) => break,
                Token::Mark('*') => {
                    check_length(tokens.get(at + 1))?;
                    break;
                }
                Token::Mark('{' | ']') => break,
                Token::Word(word) => return Err(format!("there is no relationship type {word}")),
                _ => {
                    return Err(
                        "the types of a relationship may only be named, with | between them".to_owned()
                    );
                }
            }
            at += 1;
        }
    }
    if types == 0 {
        return Err("each relationship must name its types, as in -[:FOLLOWS]->".to_owned());
    }
    Ok(())
}

/// What follows the star of a relationship.
fn check_length(next: Option<&Token>) -> Result<(), String> {
    match next {
        Some(Token::Number(number)) if !number.starts_with('0') => Ok(()),
        Some(Token::Mark('.' | ']' | '{')) => Ok(()),
        _ => Err("a path of no step is not run".to_owned()),
    }
}

/// How often a relationship or a path is repeated.
fn check_steps(tokens: &[Token], at: usize) -> Result<(), String> {
    let may_be_none = match (tokens.get(at), tokens.get(at + 1)) {
        (Some(Token::Mark('*')), _)
        | (Some(Token::Mark('{')), Some(Token::Mark(',') | Token::Parameter(_))) => true,
        (Some(Token::Mark('{')), Some(Token::Number(number))) => number.starts_with('0'),
        _ => false,
    };
    if may_be_none { Err("a path of no step is not run".to_owned()) } else { Ok(()) }
}

/// A star behind parentheses multiplies, unless there is a path in them.
fn check_quantifier(tokens: &[Token], at: usize) -> Result<(), String> {
    let mut depth = 0;
    let mut has_path = false;
    for place in (0..=at).rev() {
        match tokens[place] {
            Token::Mark(')') => depth += 1,
            Token::Mark('(') => depth -= 1,
            Token::Mark('-') if is(tokens, place + 1, '[') => has_path = true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    if has_path || is(tokens, at + 1, '{') { check_steps(tokens, at + 1) } else { Ok(()) }
}

/// A list, or a comprehension that matches a pattern.
fn check_list(tokens: &[Token], at: usize) -> Result<(), String> {
    let begins_with_node = is(tokens, at + 1, '(') || (is(tokens, at + 2, '=') && is(tokens, at + 3, '('));
    if !begins_with_node || (at > 0 && is(tokens, at - 1, '-')) {
        return Ok(());
    }
    let inside = &tokens[at + 1..end_of(tokens, at)];
    let has_path = (0..inside.len()).any(|at| is(inside, at, '-') && is(inside, at + 1, '['));
    if has_path {
        Err("[pattern | …] is not run; use OPTIONAL MATCH and collect()".to_owned())
    } else {
        Ok(())
    }
}

/// The patterns of one MATCH, each of which must have a node with an open label.
fn check_patterns(tokens: &[Token], start: usize) -> Result<(), String> {
    let mut at = start;
    let mut is_anchored = false;
    loop {
        match tokens.get(at) {
            Some(Token::Mark('(')) => {
                let end = end_of(tokens, at);
                is_anchored |= is_anchor(&tokens[..end], at);
                at = end;
            }
            Some(Token::Mark('[' | '{')) => at = end_of(tokens, at),
            Some(Token::Mark(',')) => {
                anchored(is_anchored)?;
                is_anchored = false;
            }
            Some(Token::Mark('-' | '<' | '>' | '=' | '+') | Token::Number(_)) => {}
            Some(Token::Word(word))
                if IN_PATTERNS.contains(&word.to_ascii_lowercase().as_str()) || is(tokens, at + 1, '=') => {}
            _ => return anchored(is_anchored),
        }
        at += 1;
    }
}

fn anchored(is_anchored: bool) -> Result<(), String> {
    if is_anchored {
        Ok(())
    } else {
        Err("each path needs a node with a label, as in (person:User)".to_owned())
    }
}

/// Whether the parentheses that open there are, or have in them, a node with an open label. Properties and conditions of
/// a node are expressions, and no part of the path.
fn is_anchor(tokens: &[Token], open: usize) -> bool {
    let mut at = open + 1;
    // Without a name a condition may come first.
    at += usize::from(tokens.get(at).and_then(Token::word).is_some_and(|word| !is_where(word)));
    if is(tokens, at, ':') {
        return has_open_labels(&tokens[at..]);
    }
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Mark('(') => {
                let end = end_of(tokens, at);
                if is_anchor(&tokens[..end], at) {
                    return true;
                }
                at = end;
            }
            Token::Mark('{' | '[') => at = end_of(tokens, at),
            Token::Word(word) if is_where(word) => return false,
            _ => {}
        }
        at += 1;
    }
    false
}

/// Whether what stands behind the name of a node are open labels alone, whichever of them it may have.
fn has_open_labels(tokens: &[Token]) -> bool {
    let mut labels = 0;
    for token in tokens {
        match token {
            Token::Mark(':' | '|' | '&') => {}
            Token::Word(word) if OPEN_LABELS.contains(word) => labels += 1,
            Token::Word(word) if is_where(word) => break,
            Token::Mark('{') => break,
            _ => return false,
        }
    }
    labels > 0
}

/// Behind it stand expressions, whose patterns are no part of the path.
fn is_where(word: &str) -> bool {
    word.eq_ignore_ascii_case("where")
}

/// Where the bracket closes that opens there, or the end of what there is.
fn end_of(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}
