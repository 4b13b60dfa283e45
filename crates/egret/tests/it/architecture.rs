//! `ARCHITECTURE.md` and the workspace say the same.
//!
//! The table of crates is read out of the document and compared with `cargo metadata` and the lock
//! file, so neither can change without the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ARCHITECTURE: &str = include_str!("../../../../ARCHITECTURE.md");
const CONTRIBUTING: &str = include_str!("../../../../CONTRIBUTING.md");
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// Direct dependencies that only the program may have.
const PROGRAM_ONLY: &[&str] = &["anyhow", "clap", "indicatif", "mimalloc"];

/// Packages of which the lock file holds exactly one version.
const ONE_VERSION: &[&str] = &[
    "arrow",
    "arrow-array",
    "arrow-schema",
    "datafusion",
    "datafusion-expr",
    "object_store",
    "parquet",
];

/// The crate that may name Ballista.
const CLUSTER: &str = "egret-cluster";

type Names = BTreeSet<String>;

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    uses: Names,
    does_not_reach: Names,
}

#[test]
fn crates_use_what_the_table_says() {
    let table = table(ARCHITECTURE).unwrap();
    let workspace = workspace();
    let documented: Names = table.keys().cloned().collect();
    let built: Names = workspace.keys().cloned().collect();
    assert_eq!(documented, built, "crates in ARCHITECTURE.md (left) and in the workspace (right)");

    for (name, row) in &table {
        let used: Names = workspace[name].intersection(&built).cloned().collect();
        assert_eq!(
            row.uses, used,
            "`{name}` uses, by ARCHITECTURE.md (left) and Cargo.toml (right)"
        );
    }
}

#[test]
fn crates_do_not_reach_what_the_table_rules_out() {
    let workspace = workspace();
    let lock = Lock::parse(LOCK);
    let mut found = Vec::new();
    for (name, row) in table(ARCHITECTURE).unwrap() {
        let reached = lock.reach(&workspace, &name);
        for pattern in &row.does_not_reach {
            found.extend(
                reached.iter().filter(|package| matches(pattern, package)).map(|package| {
                    format!("`{name}` reaches `{package}`, ruled out by `{pattern}`")
                }),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn some_packages_have_one_place() {
    for (name, dependencies) in workspace() {
        for package in dependencies {
            let here = || format!("`{name}` depends on `{package}`");
            assert!(name == "egret" || !PROGRAM_ONLY.contains(&package.as_str()), "{}", here());
            assert!(name == CLUSTER || !matches("ballista*", &package), "{}", here());
        }
    }
}

#[test]
fn arrow_parquet_and_datafusion_come_once() {
    let lock = Lock::parse(LOCK);
    for package in ONE_VERSION {
        let versions = lock.versions(package);
        assert_eq!(versions.len(), 1, "`{package}`: {versions:?}");
    }
}

#[test]
fn documents_name_files_that_exist() {
    for (document, text) in [("ARCHITECTURE.md", ARCHITECTURE), ("CONTRIBUTING.md", CONTRIBUTING)] {
        let paths = paths(text);
        assert!(paths.len() > 5, "{document}: only {} paths found", paths.len());
        for path in paths {
            assert!(root().join(&path).exists(), "{document} names `{path}`, which does not exist");
        }
    }
}

#[test]
fn every_crate_is_in_the_code_map() {
    let headings: Names = ARCHITECTURE
        .lines()
        .filter_map(|line| line.strip_prefix("### `crates/")?.strip_suffix('`'))
        .map(str::to_owned)
        .collect();
    assert_eq!(headings, workspace().into_keys().collect::<Names>());
}

#[test]
fn decisions_are_numbered_listed_and_of_one_shape() {
    let folder = root().join("docs/decisions");
    let read = |name: &str| String::from_utf8(bytes(&folder.join(name))).unwrap();
    let index = read("README.md");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    assert!(!names.is_empty());
    for (name, number) in names.iter().zip(1..) {
        assert!(name.starts_with(&format!("{number:04}-")), "`{name}` is not number {number}");
        let text = read(name);
        let title =
            text.lines().next().and_then(|line| line.strip_prefix(&format!("# {number}. ")));
        let title = title.unwrap_or_else(|| panic!("`{name}` does not begin with `# {number}. `"));
        let listed = format!("| [{number}]({name}) | {title} |");
        assert!(index.contains(&listed), "the index lacks `{listed}`");
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, ["## Context", "## Decision", "## Consequences"], "{name}");
    }
}

#[test]
fn a_table_that_cannot_be_read_is_not_an_empty_one() {
    assert_eq!(
        table("# Title\n"),
        Err("no table headed `| crate | uses | does not reach |`".to_owned())
    );
    let head = "| crate | uses | does not reach |\n|---|---|---|\n";
    assert_eq!(
        table(&format!("{head}| `a` | – |\n")),
        Err("`| `a` | – |`: expected 3 cells".to_owned())
    );
    let twice = format!("{head}| `a` | – | |\n| `a` | – | |\n");
    assert_eq!(table(&twice), Err("`a` is listed twice".to_owned()));
    let row = table(&format!("{head}| `a` | `b`, `c` | `d*` |\n\n| `z` | – | |\n")).unwrap();
    let expected = Row { uses: names(["b", "c"]), does_not_reach: names(["d*"]) };
    assert_eq!(row, BTreeMap::from([("a".to_owned(), expected)]));
}

#[test]
fn patterns_end_in_a_star_or_are_whole_names() {
    for (pattern, package, want) in [
        ("datafusion", "datafusion", true),
        ("datafusion", "datafusion-expr", false),
        ("datafusion*", "datafusion", true),
        ("datafusion*", "datafusion-expr", true),
        ("tokio", "tokio-util", false),
    ] {
        assert_eq!(matches(pattern, package), want, "{pattern} {package}");
    }
}

#[test]
fn reaching_follows_the_lock_file() {
    let lock = Lock::parse(concat!(
        "version = 4\n\n",
        "[[package]]\nname = \"left\"\nversion = \"1.0.0\"\ndependencies = [\n \"deep 2.0.0\",\n]\n\n",
        "[[package]]\nname = \"deep\"\nversion = \"1.0.0\"\n\n",
        "[[package]]\nname = \"deep\"\nversion = \"2.0.0\"\ndependencies = [\n \"bottom\",\n]\n\n",
        "[[package]]\nname = \"bottom\"\nversion = \"0.1.0\"\n\n",
        // Tests of a member are in the lock file beside what it is built from.
        "[[package]]\nname = \"member\"\nversion = \"0.1.0\"\ndependencies = [\n \"left\",\n \"only-tests\",\n]\n",
    ));
    let workspace = BTreeMap::from([("member".to_owned(), names(["left"]))]);
    assert_eq!(lock.reach(&workspace, "member"), names(["bottom", "deep", "left"]));
    assert_eq!(lock.versions("deep"), names(["1.0.0", "2.0.0"]));
}

fn names<const N: usize>(names: [&str; N]) -> Names {
    names.map(str::to_owned).into()
}

fn matches(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => package.starts_with(start),
        None => package == pattern,
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn bytes(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The table under "Who may use whom", by crate.
fn table(document: &str) -> Result<BTreeMap<String, Row>, String> {
    const HEAD: &str = "| crate | uses | does not reach |";
    let mut lines = document.lines().skip_while(|line| *line != HEAD);
    lines.next().ok_or_else(|| format!("no table headed `{HEAD}`"))?;
    let mut table = BTreeMap::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [name, uses, does_not_reach] = cells[..] else {
            return Err(format!("`{line}`: expected 3 cells"));
        };
        let name =
            in_backticks(name).into_iter().next().ok_or_else(|| format!("`{line}`: no name"))?;
        let row = Row { uses: in_backticks(uses), does_not_reach: in_backticks(does_not_reach) };
        if table.insert(name.clone(), row).is_some() {
            return Err(format!("`{name}` is listed twice"));
        }
    }
    Ok(table)
}

fn in_backticks(text: &str) -> Names {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Paths that a document names, in backticks or as the target of a link. Those with a place for a
/// name in them (`<source>`, `*`) stand for many and are left out.
fn paths(document: &str) -> Names {
    const FOLDERS: &[&str] =
        &[".ci/", ".config/", "benches/", "crates/", "docs/", "fuzz/", "scripts/"];
    let targets =
        document.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(to, _)| to);
    let quoted = in_backticks(document);
    targets
        .chain(quoted.iter().map(String::as_str))
        .filter(|text| FOLDERS.iter().any(|folder| text.starts_with(folder)))
        .filter_map(|text| text.split([' ', '#']).next())
        .filter(|text| !text.contains(['<', '*', '…', '{']))
        .map(str::to_owned)
        .collect()
}

/// Every crate of the workspace with the packages it is built from, those of its tests left out.
fn workspace() -> BTreeMap<String, Names> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let workspace: BTreeMap<String, Names> = packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let built_from = dependencies
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), built_from)
        })
        .collect();
    assert!(workspace.contains_key("egret"), "cargo metadata lists no `egret`");
    workspace
}

/// What `Cargo.lock` says, as far as it is asked for here.
struct Lock {
    /// Name and version, then names of dependencies with a version where there are several.
    packages: BTreeMap<(String, String), Names>,
}

impl Lock {
    fn parse(text: &str) -> Self {
        let mut packages = BTreeMap::new();
        for package in text.split("[[package]]").skip(1) {
            let value = |key: &str| {
                let start = format!("{key} = \"");
                let line = package.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
                line.trim_end_matches('"').to_owned()
            };
            let dependencies = package
                .lines()
                .filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","))
                .map(str::to_owned)
                .collect();
            packages.insert((value("name"), value("version")), dependencies);
        }
        Self { packages }
    }

    fn versions(&self, package: &str) -> Names {
        self.packages
            .keys()
            .filter(|(name, _)| name == package)
            .map(|(_, version)| version.clone())
            .collect()
    }

    /// Every package that `member` is built from, at any depth. For members the manifest counts and
    /// not the lock file, which also lists what their tests need.
    fn reach(&self, workspace: &BTreeMap<String, Names>, member: &str) -> Names {
        let mut reached = Names::new();
        let mut open: Vec<String> = workspace[member].iter().cloned().collect();
        while let Some(dependency) = open.pop() {
            let (name, version) = match dependency.split_once(' ') {
                Some((name, version)) => (name, Some(version)),
                None => (dependency.as_str(), None),
            };
            if !reached.insert(dependency.clone()) {
                continue;
            }
            if let Some(dependencies) = workspace.get(name) {
                open.extend(dependencies.iter().cloned());
                continue;
            }
            for ((_, found), dependencies) in
                self.packages.iter().filter(|((known, _), _)| known == name)
            {
                if version.is_none_or(|version| version == found) {
                    open.extend(dependencies.iter().cloned());
                }
            }
        }
        reached
            .into_iter()
            .map(|dependency| dependency.split(' ').next().unwrap_or_default().to_owned())
            .collect()
    }
}
