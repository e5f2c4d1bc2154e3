//! Questions in Cypher made from choices, with what is known of each from how it was made: whether it may reach a secret.
//!
//! The guard (`src/admin/text.rs`) reads the text of a question and knows nothing of this. Here nothing is read: nodes,
//! relationships and paths are put together, and what each may match follows from what was put in. Whoever adds a form
//! to one of them should not look at the other first.

use super::choices::Choices;

/// What is known of a question. Whatever is worst of its parts holds for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Plain, and what the API's documentation says is run.
    Plain,
    /// It reaches nothing, but need not be run.
    Odd,
    /// It may show a secret, change something, or call what is not known.
    Bad,
}

use Verdict::{Bad, Odd, Plain};

#[derive(Debug)]
pub struct Question {
    pub text: String,
    pub verdict: Verdict,
}

const OPEN: [&str; 8] = ["User", "User", "Post", "Post", "Entry", "Comment", "Tag", "Report"];
const SECRET: [&str; 5] = ["Credential", "Session", "RefreshToken", "PersonalToken", "IdempotencyKey"];
const TYPES: [&str; 8] = ["FOLLOWS", "FOLLOWS", "POSTED", "POSTED", "LIKED", "REPLY_TO", "OF", "TAGGED"];
const SECRET_TYPES: [&str; 4] = ["HAS_CREDENTIAL", "HAS_SESSION", "ISSUED", "HAS_TOKEN"];
const SECRET_NAMES: [&str; 3] = ["password_hash", "token_hash", "refreshed_at"];

impl Question {
    pub fn of(choices: &mut Choices) -> Self {
        // A flaw that anybody sees hides all others.
        let is_blatant = choices.one_in(4);
        let mut maker = Maker {
            choices,
            tokens: Vec::new(),
            verdict: Plain,
            is_blatant,
            names: Vec::new(),
            count: 0,
            depth: 0,
        };
        maker.query();
        while maker.choices.one_in(8) {
            maker.word("UNION ALL");
            maker.names.clear();
            maker.query();
        }
        let Maker { tokens, verdict, choices, .. } = maker;
        let (text, is_strange) = join(&tokens, choices);
        Self { text, verdict: if is_strange { verdict.max(Odd) } else { verdict } }
    }
}

/// Puts what may stand between tokens between them; tells whether there was something that no plain question has.
fn join(tokens: &[String], choices: &mut Choices) -> (String, bool) {
    let (mut text, mut is_strange) = (String::new(), false);
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
    for token in tokens {
        let touch = text.ends_with(is_word) && token.starts_with(is_word);
        let between = match choices.below(256) {
            0 => "\n",
            1 => "\t ",
            2 => "  ",
            4 => {
                is_strange = true;
                choices.of_these(&["/**/", " // x\n", "\u{a0}", "\u{2028}", "\u{feff}", "\\u0020"])
            }
            3 | 5..24 if !touch => "",
            _ => " ",
        };
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(token);
    }
    (text, is_strange)
}

struct Maker<'a, 'b> {
    choices: &'a mut Choices<'b>,
    tokens: Vec<String>,
    verdict: Verdict,
    /// Whether it may name secrets, write, and call.
    is_blatant: bool,
    /// Of nodes that have been matched, and are none that nobody may see.
    names: Vec<String>,
    count: usize,
    /// How many subqueries this stands in.
    depth: usize,
}

/// What a node of a path may be by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    /// It has an open label, written so that anybody sees it.
    Open,
    /// Open, but not at first sight.
    Known,
    Anything,
}

/// Whether both ends of a relationship are open by its types, and whether it may be no step at all.
#[derive(Clone, Copy)]
struct Step {
    is_open: bool,
    may_be_none: bool,
}

impl Maker<'_, '_> {
    fn word(&mut self, word: &str) {
        for word in word.split(' ') {
            // Keywords are read in any case.
            let word = match self.choices.below(16) {
                0 => word.to_lowercase(),
                1 => word
                    .chars()
                    .enumerate()
                    .map(|(n, c)| if n % 2 == 0 { c.to_ascii_lowercase() } else { c })
                    .collect(),
                _ => word.to_owned(),
            };
            self.tokens.push(word);
        }
    }

    fn marks(&mut self, marks: &[&str]) {
        self.tokens.extend(marks.iter().map(|mark| (*mark).to_owned()));
    }

    fn push(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    fn is(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(verdict);
    }

    fn name(&mut self, of: char) -> String {
        self.count += 1;
        format!("{of}{}", self.count)
    }

    fn query(&mut self) {
        self.beginning();
        for _ in 0..=self.choices.below(3) {
            self.clause();
        }
        self.word("RETURN");
        self.returned();
        if self.choices.one_in(6) {
            self.word("LIMIT");
            self.push("5");
        }
    }

    /// Words before a question that change what it is.
    fn beginning(&mut self) {
        if self.is_blatant && self.depth == 0 && self.choices.one_in(12) {
            let prefix = self.choices.of_these(&[
                "EXPLAIN",
                "PROFILE",
                "CYPHER runtime=slotted",
                "USE neo4j",
                "SHOW USERS YIELD *",
            ]);
            self.word(prefix);
            self.is(Bad);
        }
    }

    fn clause(&mut self) {
        match self.choices.below(24) {
            0 => {
                self.word("UNWIND");
                self.list();
                self.word("AS");
                let name = self.name('x');
                self.push(name);
            }
            1 => {
                // What was known before is another node of that name behind it.
                self.word("WITH 1 AS");
                let name = self.name('x');
                self.push(name);
                if let Some(gone) = self.names.pop() {
                    self.names.clear();
                    self.word("MATCH");
                    self.push(format!("({gone})"));
                    self.is(Bad);
                }
            }
            2 if self.depth < 2 => self.subquery(),
            3 if self.is_blatant => self.write(),
            _ => self.matching(),
        }
    }

    fn matching(&mut self) {
        if self.choices.one_in(5) {
            self.word("OPTIONAL");
        }
        self.word("MATCH");
        self.path();
        while self.choices.one_in(6) {
            self.push(",");
            self.path();
        }
        if self.choices.one_in(6) {
            self.word("WHERE");
            self.condition();
        }
    }

    /// `CALL (…) { … }`, whose nodes are its own.
    fn subquery(&mut self) {
        let outside = std::mem::take(&mut self.names);
        self.word("CALL");
        let imported = outside.last().filter(|_| self.choices.one_in(2)).cloned();
        self.marks(&["("]);
        if let Some(name) = &imported {
            self.push(name.clone());
            self.names.push(name.clone());
        }
        self.marks(&[")", "{"]);
        self.depth += 1;
        self.matching();
        if let Some(hidden) = outside.last().filter(|_| imported.is_none() && self.choices.one_in(4)) {
            // It is not the one outside: that was not let in.
            self.word("MATCH");
            self.push(format!("({hidden})"));
            self.is(Bad);
        }
        self.word("RETURN");
        let inside = self.name('y');
        self.value();
        self.word("AS");
        self.push(inside);
        self.depth -= 1;
        self.push("}");
        if self.choices.one_in(12) {
            self.word("IN TRANSACTIONS");
            self.is(Bad);
        }
        self.names = outside;
    }

    /// What changes the graph, or calls.
    fn write(&mut self) {
        let clause = self.choices.of_these(&[
            "CREATE (t:Tag)",
            "MERGE (t:Tag {id: 1})",
            "CALL db.labels() YIELD label",
            "CALL dbms.listConfig",
            "LOAD CSV FROM 'file' AS line",
            "FOREACH (x IN [1] | CREATE (t:Tag))",
            "MATCH (u:User) SET u.x = 1",
            "MATCH (u:User) REMOVE u:User",
            "MATCH (u:User) DETACH DELETE u",
            "INSERT (t:Tag)",
            "MATCH (n:$(1))",
            "MATCH (n:$any(['x']))",
            "MATCH (u:User) USING INDEX u:User(id)",
        ]);
        // A hint changes nothing.
        self.is(if clause.contains("USING") { Odd } else { Bad });
        for token in clause.split(' ') {
            self.push(token);
        }
    }

    fn path(&mut self) {
        if self.choices.one_in(6) {
            let name = self.name('p');
            self.push(name);
            self.push("=");
            if self.choices.one_in(3) {
                return self.shortest();
            }
        }
        self.pattern();
    }

    fn shortest(&mut self) {
        let function = self.choices.of_these(&["shortestPath", "allShortestPaths"]);
        self.push(function);
        let ends = self.one_step();
        // A database looks for both ends by themselves, and finds any by its label alone.
        if ends != [Node::Open; 2] {
            self.is(Odd);
        }
    }

    /// A path of one relationship in parentheses, and its ends.
    fn one_step(&mut self) -> [Node; 2] {
        self.push("(");
        let one = self.node();
        let step = self.relationship();
        let other = self.node();
        self.push(")");
        self.judge(&[one, other], &[step]);
        [one, other]
    }

    fn pattern(&mut self) {
        let (mut nodes, mut steps) = (vec![self.node()], Vec::new());
        for _ in 0..self.choices.of_these(&[0, 1, 1, 2, 3]) {
            steps.push(if self.choices.one_in(10) { self.group() } else { self.relationship() });
            nodes.push(self.node());
        }
        self.judge(&nodes, &steps);
    }

    /// A path in parentheses that is walked several times: between the nodes around it, a step.
    fn group(&mut self) -> Step {
        let known = self.names.len();
        self.one_step();
        // Outside they are lists.
        self.names.truncate(known);
        let may_be_none = self.times();
        Step { is_open: true, may_be_none }
    }

    /// How often what stands before is repeated; whether it may be not at all.
    fn times(&mut self) -> bool {
        let (times, may_be_none) = self.choices.of_these(&[
            ("{1,2}", false),
            ("{2}", false),
            ("+", false),
            ("*", true),
            ("{0,1}", true),
            ("{,2}", true),
            ("{00,1}", true),
            ("{ 0 , 1 }", true),
        ]);
        self.push(times);
        if may_be_none {
            self.is(Odd);
        }
        may_be_none
    }

    fn node(&mut self) -> Node {
        let (labels, node) = match self.choices.below(32) {
            1 if self.is_blatant => {
                self.is(Bad);
                (format!(":{}", self.choices.of_these(&SECRET)), Node::Anything)
            }
            2 => {
                let not = self.choices.of_these(&["!", "!!!", "%|", "%&!", "Nothing|!"]);
                (format!(":{not}{}", self.choices.of_these(&OPEN)), Node::Anything)
            }
            3 => (":%".to_owned(), Node::Anything),
            4 => {
                self.is(Odd);
                let label = self.choices.of_these(&OPEN);
                let forms = [
                    format!(" IS {label}"),
                    format!(":({label})"),
                    format!(":!!{label}"),
                    format!(":({label})&%"),
                ];
                (self.choices.of_these(&forms), Node::Known)
            }
            5 => (format!(":{}|{}", self.choices.of_these(&OPEN), self.choices.of_these(&OPEN)), Node::Open),
            6 => (format!(":{}&{}", self.choices.of_these(&OPEN), self.choices.of_these(&OPEN)), Node::Open),
            7 => (format!(":{}:{}", self.choices.of_these(&OPEN), self.choices.of_these(&OPEN)), Node::Open),
            0 | 8..16 => (String::new(), Node::Anything),
            _ => (format!(":{}", self.choices.of_these(&OPEN)), Node::Open),
        };
        self.push("(");
        // A node that was matched before is open; the guard may ask for its label again.
        let known = self.names.last().filter(|_| labels.is_empty()).cloned();
        let (name, node) = match known.filter(|_| self.choices.one_in(2)) {
            Some(name) => (Some(name), Node::Known),
            None if self.choices.one_in(4) => (None, node),
            None => (Some(self.name('n')), node),
        };
        self.tokens.extend(name.clone());
        if !labels.is_empty() {
            self.push(labels);
        }
        match self.choices.below(12) {
            0 => self.marks(&["{", "id", ":", "$me", "}"]),
            1 => self.marks(&["{", "id", ":", "'(:User)-[:FOLLOWS]->()'", "}"]),
            2 if self.depth < 2 && self.choices.one_in(2) => {
                self.word("WHERE");
                self.condition();
            }
            _ => {}
        }
        self.push(")");
        self.names.extend(name.filter(|name| !self.names.contains(name)));
        node
    }

    fn relationship(&mut self) -> Step {
        let (mut left, mut right) =
            self.choices.of_these(&[("-", "->"), ("<-", "-"), ("-", "-"), ("<-", "->")]);
        let (mut types, mut is_open, mut is_bare) = (String::new(), true, false);
        match self.choices.below(24) {
            0 => {
                (is_open, is_bare) = (false, true);
                if self.choices.one_in(2) {
                    (left, right) = ("", self.choices.of_these(&["->", "<-", "-"]));
                }
            }
            1 if self.is_blatant => {
                self.is(Bad);
                (types, is_open) = (format!(":{}", self.choices.of_these(&SECRET_TYPES)), false);
            }
            2 if self.is_blatant => {
                self.is(Bad);
                let (open, secret) = (self.choices.of_these(&TYPES), self.choices.of_these(&SECRET_TYPES));
                (types, is_open) = (format!(":{open}|{secret}"), false);
            }
            3 => {
                let not = self.choices.of_these(&["!", "%|", "NOTHING|!", "NOTHING|", "not"]);
                (types, is_open) = (format!(":{not}{}", self.choices.of_these(&TYPES)), false);
            }
            4 => (types, is_open) = (":%".to_owned(), false),
            5 => is_open = false,
            6 => {
                self.is(Odd);
                let types_of = self.choices.of_these(&TYPES);
                types =
                    if self.choices.one_in(2) { format!(" IS {types_of}") } else { format!(":({types_of})") };
            }
            7..10 => types = format!(":{}|{}", self.choices.of_these(&TYPES), self.choices.of_these(&TYPES)),
            _ => types = format!(":{}", self.choices.of_these(&TYPES)),
        }
        if !is_open {
            self.is(Odd);
        }
        self.push(left);
        let (mut may_be_none, mut is_long) = (false, false);
        if !is_bare {
            self.push("[");
            if self.choices.one_in(3) {
                let name = self.name('r');
                self.push(name);
            }
            self.push(types);
            if self.choices.one_in(6) {
                let (star, none) = self.choices.of_these(&[
                    ("*", false),
                    ("*2", false),
                    ("*1..2", false),
                    ("*..3", false),
                    ("*0", true),
                    ("*0..1", true),
                    ("* 0 .. 1", true),
                    ("*00..2", true),
                ]);
                (may_be_none, is_long) = (none, true);
                self.push(star);
            } else if self.choices.one_in(12) {
                self.marks(&["{", "rank_key", ":", "1", "}"]);
            }
            self.push("]");
        }
        self.push(right);
        if !is_bare && !is_long && self.choices.one_in(8) {
            may_be_none = self.times();
            is_long = true;
        }
        if may_be_none {
            self.is(Odd);
        }
        // What lies between its ends may be anything.
        if !is_open && is_long {
            self.is(Bad);
        }
        Step { is_open, may_be_none }
    }

    /// What follows of a path from its parts: a relationship of an open type has open nodes at both ends.
    fn judge(&mut self, nodes: &[Node], steps: &[Step]) {
        let mut is_known: Vec<bool> = nodes.iter().map(|node| *node != Node::Anything).collect();
        for _ in nodes {
            for (place, step) in steps.iter().enumerate().filter(|(_, step)| step.is_open) {
                let one = is_known[place] || is_known[place + 1] || !step.may_be_none;
                is_known[place] |= one;
                is_known[place + 1] |= one;
            }
        }
        if is_known.contains(&false) {
            self.is(Bad);
        } else if !nodes.contains(&Node::Open) {
            self.is(Odd);
        }
    }

    fn condition(&mut self) {
        if self.choices.one_in(4) {
            self.word("NOT");
        }
        match self.choices.below(8) {
            0 if self.depth < 2 => self.nested(&["EXISTS"]),
            1 if self.depth < 2 => {
                self.nested(&["COUNT"]);
                self.marks(&[">", "0"]);
            }
            2 => self.pattern_alone(),
            3 => {
                self.push("(");
                self.value();
                self.word("IS NOT NULL");
                self.push(")");
                let operator = self.choices.of_these(&["AND", "OR", "XOR"]);
                self.word(operator);
                self.value();
                self.marks(&["=", "1"]);
            }
            _ => {
                self.value();
                let operator =
                    self.choices.of_these(&["=", "<>", "<", ">=", "IN", "STARTS WITH", "CONTAINS"]);
                self.word(operator);
                if operator == "IN" { self.list() } else { self.value() }
            }
        }
    }

    /// A pattern as a condition, which shows whether there is one.
    fn pattern_alone(&mut self) {
        let Some(name) = self.names.last().cloned() else { return self.push("true") };
        self.push(format!("({name})"));
        let kind = self.choices.of_these(&TYPES);
        self.push(format!("-[:{kind}]->"));
        self.push("(:User)");
    }

    /// A subquery that is a value.
    fn nested(&mut self, kinds: &[&str]) {
        let kind = self.choices.of_these(kinds);
        self.word(kind);
        self.push("{");
        self.depth += 1;
        let known = self.names.len();
        if kind == "COLLECT" || self.choices.one_in(2) {
            self.matching();
            self.word("RETURN");
            self.value();
        } else {
            self.path();
        }
        if kind == "COLLECT" {
            self.is(Odd);
        }
        self.names.truncate(known);
        self.depth -= 1;
        self.push("}");
    }

    fn returned(&mut self) {
        loop {
            match self.names.last().cloned().filter(|_| self.choices.below(3) > 0) {
                Some(name) => {
                    let forms = [
                        name.clone(),
                        name.clone(),
                        name.clone(),
                        format!("properties({name})"),
                        format!("labels({name})"),
                        format!("{name}.id"),
                        format!("collect(DISTINCT {name})"),
                        format!("{name} {{.*}}"),
                    ];
                    let form = self.choices.of_these(&forms);
                    self.push(form);
                }
                None => self.value(),
            }
            self.word("AS");
            let name = self.name('v');
            self.push(name);
            if !self.choices.one_in(3) {
                break;
            }
            self.push(",");
        }
    }

    fn value(&mut self) {
        let known = self.names.last().cloned();
        match (self.choices.below(24), known) {
            (0..5, Some(name)) => {
                let property = self.choices.of_these(&["id", "handle", "created_at", "text", "name"]);
                self.push(format!("{name}.{property}"));
            }
            (5, Some(name)) if self.is_blatant => {
                self.is(Bad);
                let secret = self.choices.of_these(&SECRET_NAMES);
                let forms = [
                    format!("{name}.{secret}"),
                    format!("{name}['{secret}']"),
                    format!("{name} {{.{secret}}}"),
                    format!("{name} . {secret}"),
                ];
                let form = self.choices.of_these(&forms);
                self.push(form);
            }
            (6, Some(name)) => self.push(format!("size(keys({name}))")),
            (7, Some(_)) if self.depth < 2 => self.nested(&["COUNT", "EXISTS", "COLLECT"]),
            (8, Some(name)) => {
                self.is(Odd);
                let what = self.choices.of_these(&[
                    "-->(m)",
                    "-[r]-(m)",
                    "-[:FOLLOWS]->(m)",
                    "-[:FOLLOWS*0..1]-(m)",
                ]);
                self.push(format!("[({name}){what} | m.id]"));
            }
            (9, _) if self.is_blatant => {
                self.is(Bad);
                let call = self.choices.of_these(&[
                    "apoc.cypher.runFirstColumnSingle('x', {})",
                    "file()",
                    "linenumber()",
                    "reduce(s = 0, x IN [1] | s + x)",
                    "db.labels()",
                    "graph.byName('x')",
                    "genai.vector.encode('x', 'y', {})",
                    "randomUUID . x (1)",
                ]);
                self.push(call);
            }
            (10, _) => self.list(),
            (11, _) => {
                self.push("toUpper(");
                self.value();
                self.push(")");
            }
            (12, _) => {
                let sum = self
                    .choices
                    .of_these(&["1 - 2", "-1", "2 * -3", "1 + 1", "7 % 2", "2 ^ 3", "1.5", "1e3", "0x1f"]);
                self.push(sum);
            }
            (13, _) => {
                self.word("CASE WHEN true THEN");
                self.value();
                self.word("ELSE NULL END");
            }
            (14..19, _) => {
                // Texts that look like what they are not.
                let text = self.choices.of_these(&[
                    "''",
                    "'MATCH (n) RETURN n'",
                    "\"it's\"",
                    "'\"'",
                    "')-->('",
                    "'{'",
                    "']'",
                    "\"CALL db.labels()\"",
                    "'über'",
                ]);
                self.push(text);
            }
            (19, _) => self.push("$me"),
            (20, _) => self.push("$x"),
            _ => self.push("1"),
        }
    }

    fn list(&mut self) {
        let list = self.choices.of_these(&[
            "[1, 2, 3]",
            "range(1, 3)",
            "['a']",
            "[x IN [1, 2] WHERE x > 1 | x]",
            "[]",
        ]);
        self.push(list);
    }
}
