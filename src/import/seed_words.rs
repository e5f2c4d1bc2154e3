//! What made-up people are called and talk about.

pub const FIRST_NAMES: [&str; 40] = [
    "Ada", "Amir", "Ana", "Bea", "Ben", "Chen", "Dana", "Dina", "Eli", "Emil", "Eva", "Femi", "Finn", "Gita",
    "Hugo", "Ines", "Ivo", "Jana", "Jin", "Kai", "Lea", "Lina", "Luis", "Maya", "Mika", "Nadia", "Nils",
    "Noor", "Olga", "Omar", "Pia", "Rosa", "Sami", "Sara", "Tariq", "Tess", "Uma", "Viktor", "Yara", "Zoe",
];

pub const LAST_NAMES: [&str; 32] = [
    "Abe", "Alvarez", "Arslan", "Berg", "Bianchi", "Cohen", "Costa", "Diallo", "Dubois", "Eriksen",
    "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Kaya", "Khan", "Kim", "Kovac", "Lopez", "Mensah",
    "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Santos", "Schmidt", "Singh", "Tanaka", "Weber", "Young",
];

/// Topics with their hashtags, the favourites first.
pub const TOPICS: [(&str, &str); 24] = [
    ("rust", "rust"),
    ("graph databases", "graphs"),
    ("coffee", "coffee"),
    ("cycling", "cycling"),
    ("jazz", "jazz"),
    ("bread", "baking"),
    ("the sea", "sea"),
    ("football", "football"),
    ("photography", "photography"),
    ("gardens", "gardening"),
    ("old maps", "maps"),
    ("chess", "chess"),
    ("night trains", "trains"),
    ("birds", "birding"),
    ("science fiction", "scifi"),
    ("open data", "opendata"),
    ("ceramics", "ceramics"),
    ("running", "running"),
    ("typography", "typography"),
    ("astronomy", "astronomy"),
    ("mountains", "mountains"),
    ("tea", "tea"),
    ("knitting", "knitting"),
    ("synthesizers", "synths"),
];

pub const OPENINGS: [&str; 14] = [
    "Spent the whole morning with",
    "I keep coming back to",
    "Hot take about",
    "A short story about",
    "Who else is into",
    "Today I learned something about",
    "Nobody warned me about",
    "My week in one word:",
    "Small wins with",
    "Looking for good reads on",
    "Unpopular opinion on",
    "Notes from an evening of",
    "Teaching my niece about",
    "Ten years of",
];

pub const ENDINGS: [&str; 12] = [
    "and it was worth it.",
    "and I would do it again.",
    "— more tomorrow.",
    "while it rains outside.",
    "and I have questions.",
    "in good company.",
    "with far too little sleep.",
    "and the neighbours approve.",
    "before breakfast.",
    "and no regrets.",
    "against all advice.",
    "for the first time.",
];

pub const ANSWERS: [&str; 16] = [
    "So true!",
    "Tell us more.",
    "I disagree, but kindly.",
    "This made my day.",
    "Where was this?",
    "Same here, since last winter.",
    "You should write a book about it.",
    "Thanks for sharing!",
    "Is there a photo?",
    "I tried that once. Never again.",
    "Count me in next time.",
    "That is not how I remember it…",
    "Source?",
    "Beautiful.",
    "My sister says the same.",
    "Please do a part two.",
];
