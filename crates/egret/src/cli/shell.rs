//! `egret shell`: one query after the other, with history and completion.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::prelude::{SessionContext, ident, lit};
use egret_model::ecs::{ALIASES, Field, FieldKind};
use egret_report::escape;
use egret_store::CaseDir;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Editor, Helper};

use super::query::{Asking, LanguageArg, Query, ReadingArg, last_event};
use super::sql::{OutputType, show};
use super::{CaseArg, General, binding, instant};
use crate::exit::Exit;
use crate::talk::complain;

/// Ask one query after the other.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret shell --case cases/payroll

A line is a query; one that ends in `|`, an operator or an open parenthesis goes on in the next.
TAB completes names of fields and, behind `field:`, values that are there. `\\help` lists commands.")]
pub(crate) struct Shell {
    #[command(flatten)]
    case: CaseArg,
}

const HELP: &str = "\\lang auto|lucene|kql|eql|esql   language of what follows
\\reading investigator|standard|lucene|kql
\\set name=value                   value of a placeholder
\\now TIME                         what `now` means
\\limit N                          rows shown
\\type table|csv|json|jsonl        how they are shown
\\case                             compare without regard to case, or with
\\explain QUERY                    how a query is read and run
\\fields PART                      fields whose name has that part
\\sql SELECT …                     the table `events` in SQL
\\q                                leave";

impl Shell {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let talk = general.talk();
        let case = CaseDir::open(&self.case.case)?;
        let recorder = general.recorder()?;
        let session = general.machine().open(&case).await?;
        let mut query = Query::plain(String::new(), self.case.clone());
        let mut now = last_event(&session).await?;
        let mut editor: Editor<Help, FileHistory> = Editor::new()?;
        editor.set_helper(Some(Help::new(session.clone())));
        let history = history();
        if let Some(path) = &history {
            // A first run has none.
            let _loaded = editor.load_history(path).is_ok();
        }
        talk.say(&format!("{}; `now` is {now}; `\\help` lists commands", case.root().display()));
        loop {
            let line = match editor.readline("egret> ") {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => continue,
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(error.into()),
            };
            let line = line.trim().to_owned();
            if line.is_empty() {
                continue;
            }
            editor.add_history_entry(line.as_str())?;
            if let Some(path) = &history {
                let _saved = editor.append_history(path).is_ok();
            }
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            let rest = rest.trim();
            let mut asked = None;
            match word {
                "\\q" | "\\quit" | "exit" => break,
                "\\help" | "\\?" => complain(HELP),
                "\\lang" => choose(rest, &mut query.lang, LanguageArg::from_str),
                "\\reading" => choose(rest, &mut query.reading, ReadingArg::from_str),
                "\\type" => choose(rest, &mut query.output_type, OutputType::from_str),
                "\\limit" => {
                    choose(rest, &mut query.limit, |text, _| {
                        text.parse().map_err(|_error| "expected a whole number".to_owned())
                    });
                }
                "\\now" => choose(rest, &mut now, |text, _| instant(text)),
                "\\case" => {
                    query.ignore_case = !query.ignore_case;
                    let how = if query.ignore_case { "ignored" } else { "told apart" };
                    complain(&format!("capital letters are {how}"));
                }
                "\\set" => match binding(rest) {
                    Ok((name, value)) => {
                        query.set.retain(|(held, _)| *held != name);
                        query.set.push((name, value));
                    }
                    Err(reason) => complain(&reason),
                },
                "\\fields" => {
                    for field in Field::all().filter(|field| field.name().contains(rest)) {
                        complain(&format!("{:<50} {}", field.name(), field.def().note));
                    }
                }
                "\\sql" => {
                    let options = datafusion::prelude::SQLOptions::new()
                        .with_allow_ddl(false)
                        .with_allow_dml(false)
                        .with_allow_statements(false);
                    let shown = match session.sql_with_options(rest, options).await {
                        Ok(frame) => show(frame, query.output_type).await,
                        Err(error) => Err(error.into()),
                    };
                    if let Err(error) = shown {
                        complain(&format!("error: {error:#}"));
                    }
                }
                "\\explain" => asked = Some((rest, true)),
                _ if word.starts_with('\\') => {
                    complain(&format!("no command `{word}`; `\\help` lists them"));
                }
                _ => asked = Some((line.as_str(), false)),
            }
            if let Some((text, explain)) = asked {
                text.clone_into(&mut query.text);
                query.explain = explain;
                let asking = Asking {
                    case: &case,
                    recorder: &recorder,
                    session: &session,
                    talk: &talk,
                    now,
                };
                if let Err(error) = Box::pin(query.ask(&asking)).await {
                    complain(&format!("error: {error:#}"));
                }
            }
        }
        Ok(Exit::Done)
    }
}

/// Sets a choice, or says why not.
fn choose<T, E: std::fmt::Display>(
    text: &str,
    slot: &mut T,
    parse: impl Fn(&str, bool) -> Result<T, E>,
) {
    match parse(text, true) {
        Ok(value) => *slot = value,
        Err(reason) => complain(&format!("`{text}`: {reason}")),
    }
}

/// Where lines are kept between runs.
fn history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"))
    })?;
    let folder = state.join("egret");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Completion, colour, and lines that go on.
struct Help {
    session: SessionContext,
    /// Values of fields that were asked for, so that each is asked once.
    values: RefCell<BTreeMap<String, Vec<String>>>,
    colour: bool,
}

impl Help {
    fn new(session: SessionContext) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { session, values: RefCell::new(BTreeMap::new()), colour }
    }

    /// The most frequent values of a field.
    fn values(&self, name: &str) -> Vec<String> {
        const MOST: usize = 50;
        if let Some(held) = self.values.borrow().get(name) {
            return held.clone();
        }
        let canonical = egret_model::ecs::alias::canonical(name).into_owned();
        let Some(field) = Field::by_name(&canonical) else { return Vec::new() };
        if !matches!(field.kind(), FieldKind::Keyword | FieldKind::Ip) {
            return Vec::new();
        }
        let ask = async {
            let column = ident(field.name());
            let frame = self
                .session
                .table("events")
                .await?
                .filter(column.clone().is_not_null())?
                .aggregate(vec![column.clone()], vec![count(lit(1i64)).alias("n")])?
                .sort(vec![ident("n").sort(false, false), column.sort(true, false)])?
                .limit(0, Some(MOST))?;
            let mut found = Vec::new();
            for batch in frame.collect().await? {
                for row in 0..batch.num_rows() {
                    found.push(arrow::util::display::array_value_to_string(batch.column(0), row)?);
                }
            }
            Ok::<_, datafusion::error::DataFusionError>(found)
        };
        let found = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ask));
        // A case that cannot be asked completes nothing; the query itself will say why.
        let found = found.unwrap_or_default();
        self.values.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }
}

/// Where the word before the cursor begins.
fn word_start(before: &str) -> usize {
    let is_end = |letter: char| letter.is_whitespace() || "():,|[]{}\"=<>!".contains(letter);
    before.rfind(is_end).map_or(0, |at| {
        at.saturating_add(
            before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8),
        )
    })
}

impl Completer for Help {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..pos).unwrap_or_default();
        let start = word_start(before);
        let word = before.get(start..).unwrap_or_default();
        let head = before.get(..start).unwrap_or_default().trim_end().trim_end_matches('"');
        let pair = |text: &str| Pair {
            display: escape::terminal_line(text),
            replacement: text.to_owned(),
        };
        // Behind `field:` or `field ==` a value is meant.
        let head = head.trim_end();
        if let Some(head) = head.strip_suffix(':').or_else(|| head.strip_suffix("==")) {
            let head = head.trim_end();
            let name = head.get(word_start(head)..).unwrap_or_default();
            let in_quotes = before.get(..start).unwrap_or_default().ends_with('"');
            let values = self.values(name);
            let fit = values.iter().filter(|value| value.starts_with(word));
            let quoted = |value: &String| {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
                let replacement =
                    if in_quotes { format!("{escaped}\"") } else { format!("\"{escaped}\"") };
                Pair { display: escape::terminal_line(value), replacement }
            };
            return Ok((start, fit.map(quoted).collect()));
        }
        let names = Field::all().map(Field::name).chain(ALIASES.iter().map(|alias| alias.alias));
        let mut fit: Vec<&str> =
            names.filter(|name| !word.is_empty() && name.starts_with(word)).collect();
        fit.sort_unstable();
        Ok((start, fit.into_iter().map(pair).collect()))
    }
}

impl Hinter for Help {
    type Hint = String;
}

impl Highlighter for Help {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if !self.colour {
            return Cow::Borrowed(line);
        }
        let mut shown = String::with_capacity(line.len().saturating_mul(2));
        let mut rest = line;
        while let Some(letter) = rest.chars().next() {
            let length = match letter {
                '"' => {
                    let inside = rest.get(1..).unwrap_or_default();
                    inside.find('"').map_or(rest.len(), |end| end.saturating_add(2))
                }
                letter if letter.is_alphanumeric() || "_.@".contains(letter) => rest
                    .find(|letter: char| !(letter.is_alphanumeric() || "_.@-".contains(letter)))
                    .unwrap_or(rest.len()),
                letter => letter.len_utf8(),
            };
            let (word, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            let colour = match word {
                _ if letter == '"' => Some("32"),
                "AND" | "OR" | "NOT" | "and" | "or" | "not" | "TO" | "|" | "where" | "by" => {
                    Some("1")
                }
                _ if behind.trim_start().starts_with(':') => Some("36"),
                _ => None,
            };
            match colour {
                Some(colour) => shown.push_str(&format!("\u{1b}[{colour}m{word}\u{1b}[0m")),
                None => shown.push_str(word),
            }
            rest = behind;
        }
        Cow::Owned(shown)
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        self.colour
    }
}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let line = context.input().trim_end();
        let open = |one: char, other: char| line.matches(one).count() > line.matches(other).count();
        let dangling = ["AND", "OR", "NOT", "and", "or", "not"]
            .iter()
            .any(|word| line.ends_with(&format!(" {word}")))
            || line.ends_with('|');
        Ok(if !line.starts_with('\\') && (dangling || open('(', ')')) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Helper for Help {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_behind_signs() {
        for (before, want) in [
            ("event.ac", 0),
            ("user.name: an", 11),
            ("(event.ac", 1),
            ("a AND é: \"b", 11),
            ("", 0),
        ] {
            assert_eq!(word_start(before), want, "{before}");
        }
    }
}
