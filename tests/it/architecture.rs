//! The rules of `ARCHITECTURE.md`, read from the source. Each test fails for one kind of trespass.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MAX_SOURCE_LINES: usize = 500;
const MAX_PAGE_LINES: usize = 150;

/// Which other slices each slice may use besides `auth`: only ones above it, so that there is no circle.
/// Entries may go and must not come.
const MAY_USE: &[(&str, &[&str])] = &[
    ("auth", &[]),
    ("users", &[]),
    ("follows", &["users"]),
    ("graph", &["users"]),
    ("privacy", &["users"]),
    ("export", &["users"]),
    ("posts", &["users"]),
    ("comments", &["posts", "users"]),
    ("reactions", &["comments", "posts", "users"]),
    ("threads", &["comments", "posts", "users"]),
    ("feeds", &["posts", "users"]),
    ("accounts", &["comments", "follows", "posts", "users"]),
    ("admin", &["users"]),
    ("moderation", &["admin", "comments", "posts", "users"]),
];

/// What slices stand on and must know none of them: files, and folders that end with `/`.
const FOUNDATIONS: &[&str] = &[
    "src/cache.rs",
    "src/cache/",
    "src/clock.rs",
    "src/config.rs",
    "src/cypher.rs",
    "src/error.rs",
    "src/idempotency.rs",
    "src/page.rs",
    "src/section.rs",
    "src/store/",
    "src/text.rs",
    "src/updates.rs",
];

/// The app holds the keys and the sessions.
const APP: (&str, &[&str]) = ("src/app.rs", &["auth"]);

/// Who may use the clients of the two stores: these modules.
const DOORS: [(&str, &str); 2] = [("neo4rs", "src/store/neo4j"), ("kglite", "src/store/embedded")];

#[test]
fn what_slices_stand_on_uses_no_slice() {
    let sources = sources();
    for path in FOUNDATIONS {
        let files: Vec<_> = sources.iter().filter(|(file, _)| file.starts_with(path)).collect();
        assert!(!files.is_empty(), "there is no {path} any more");
        for (file, text) in files {
            let used: Vec<_> = modules(text).into_iter().filter(|module| is_slice(module)).collect();
            assert!(used.is_empty(), "{file} uses {used:?}");
        }
    }
    let used: Vec<_> = modules(&sources[APP.0]).into_iter().filter(|module| is_slice(module)).collect();
    assert_eq!(used, APP.1, "what {} uses", APP.0);
}

#[test]
fn a_slice_uses_only_the_slices_that_it_may() {
    let known: BTreeSet<String> = MAY_USE.iter().map(|(slice, _)| (*slice).to_owned()).collect();
    assert_eq!(slices(), known, "the folders with endpoints, and MAY_USE");
    for (place, (slice, may)) in MAY_USE.iter().enumerate() {
        let above: Vec<_> = MAY_USE[..place].iter().map(|(slice, _)| *slice).collect();
        assert!(may.iter().all(|used| above.contains(used)), "{slice} may use only what stands above it");
    }
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in sources() {
        let Some((slice, may)) = MAY_USE.iter().find(|(slice, _)| file.starts_with(&format!("src/{slice}/")))
        else {
            continue;
        };
        for module in modules(&text).into_iter().filter(|module| is_slice(module) && module != slice) {
            assert!(
                module == "auth" || may.contains(&module.as_str()),
                "{file} uses {module}: ARCHITECTURE.md, \"Who may use whom\""
            );
            used.entry(slice).or_default().insert(module);
        }
    }
    for (slice, may) in MAY_USE {
        for module in *may {
            let is_used = used.get(slice).is_some_and(|used| used.contains(*module));
            assert!(
                is_used,
                "{slice} does not use {module} any more: take the line away, here and on the page"
            );
        }
    }
}

#[test]
fn each_store_has_one_door() {
    for (file, text) in sources() {
        for (client, door) in DOORS {
            let is_named = code(&text).any(|line| words(line).any(|word| word == client));
            let is_door = file.starts_with(&format!("{door}.")) || file.starts_with(&format!("{door}/"));
            assert_eq!(is_named, is_door, "{client} belongs to {door}, and this is {file}");
        }
    }
}

#[test]
fn no_source_file_is_long() {
    for (file, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= MAX_SOURCE_LINES, "{file} has {lines} lines: it is more than one thing");
    }
}

#[test]
fn the_page_is_short_and_every_path_on_it_exists() {
    let page = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let lines = page.lines().count();
    assert!(lines <= MAX_PAGE_LINES, "ARCHITECTURE.md has {lines} lines: mend the code, not the page");
    let paths: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(|text| is_path(text)).collect();
    assert!(paths.len() > 30, "paths are found on the page: {paths:?}");
    let missing: Vec<_> = paths.iter().filter(|path| !Path::new(ROOT).join(path).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names {missing:?}");
    let unnamed: Vec<_> =
        slices().into_iter().filter(|slice| !page.contains(&format!("`{slice}`"))).collect();
    assert!(unnamed.is_empty(), "ARCHITECTURE.md does not say what {unnamed:?} may use");
}

#[test]
fn every_test_that_shows_a_measure_exists() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/security.md")).expect("docs/security.md");
    let names = page.split('`').skip(1).step_by(2).filter(|text| text.contains("::") && !text.contains(' '));
    let names: Vec<Vec<&str>> =
        names.map(|name| name.split("::").filter(|part| !part.is_empty()).collect()).collect();
    assert!(names.len() > 20, "tests are found on the page: {names:?}");
    for name in names {
        let folder = Path::new(ROOT).join("tests/it");
        let file = fs::read_to_string(folder.join(name[0]).with_extension("rs"))
            .unwrap_or_else(|error| panic!("docs/security.md names {name:?}: {error}"));
        if let Some(part) = name.get(1) {
            let is_there = file.contains(&format!("fn {part}(")) || file.contains(&format!("mod {part};"));
            assert!(is_there, "docs/security.md names {name:?}");
        }
    }
}

/// Or what the tests have built of them would be built again, and something else would be tried than what is served.
#[test]
fn the_fuzz_targets_have_the_same_dependencies() {
    let versions = |path: &str| {
        let text = fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
        let lock: toml::Table = text.parse().expect(path);
        let packages = lock["package"].as_array().cloned().unwrap_or_default();
        let text = |package: &toml::Value, key: &str| package[key].as_str().map(str::to_owned).expect(path);
        packages
            .iter()
            .map(|package| (text(package, "name"), text(package, "version")))
            .collect::<BTreeSet<_>>()
    };
    let (own, theirs) = (versions("Cargo.lock"), versions("fuzz/Cargo.lock"));
    let names: BTreeSet<&String> = own.iter().map(|(name, _)| name).collect();
    let others: Vec<_> =
        theirs.iter().filter(|package| names.contains(&package.0) && !own.contains(package)).collect();
    assert!(
        theirs.len() > 200 && others.is_empty(),
        "fuzz/Cargo.lock has {others:?}: copy Cargo.lock over it"
    );
}

/// A path from the root of the repository: `src/main.rs`, `tests/it/`, `CHANGELOG.md`.
fn is_path(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let is_rooted = text.contains('/')
        && ["benches", "cypher", "docs", "fuzz", "openapi", "src", "tests"].contains(&first);
    is_rooted
        || (!text.contains('/') && Path::new(text).extension().is_some_and(|extension| extension == "md"))
}

/// The folders of `src/` that have endpoints.
fn slices() -> BTreeSet<String> {
    let folders = fs::read_dir(Path::new(ROOT).join("src")).expect("src/").flatten();
    folders
        .filter(|folder| folder.path().join("api.rs").exists())
        .map(|folder| folder.file_name().to_string_lossy().into_owned())
        .collect()
}

fn is_slice(module: &str) -> bool {
    MAY_USE.iter().any(|(slice, _)| *slice == module)
}

/// Every file of `src/`, by its path from the root.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join("src"), &mut found);
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file");
            (path.strip_prefix(ROOT).expect("below").to_string_lossy().replace('\\', "/"), text)
        })
        .collect()
}

/// The top-level modules that a file names: what follows `crate::`, alone or in braces.
fn modules(text: &str) -> BTreeSet<String> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    assert!(!code.contains("super::super::"), "a path from crate:: can be checked");
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            found.extend(words(rest).next().map(str::to_owned));
            continue;
        };
        let (mut depth, mut item) = (0, String::new());
        for letter in list.chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.extend(words(&item).next().map(str::to_owned));
                    item.clear();
                }
                letter if depth == 0 => item.push(letter),
                _ => {}
            }
        }
        found.extend(words(&item).next().map(str::to_owned));
    }
    found
}

/// The lines that are no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

#[test]
fn modules_are_found_alone_in_braces_and_nested() {
    let text = "use crate::{\n    app::App,\n    users::{self, api::people},\n};\nlet x = crate::posts::read();\n// crate::no\n";
    let found: Vec<_> = modules(text).into_iter().collect();
    assert_eq!(found, ["app", "posts", "users"]);
}
