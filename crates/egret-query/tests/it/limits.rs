//! Queries of every size that is run, on the stack of a worker thread; larger ones are refused.

use std::sync::Arc;

use datafusion::datasource::MemTable;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::prelude::{DataFrame, SessionContext, when};
use datafusion_expr::ident;
use egret_model::limits::{QUERY_CLAUSES_MAX, QUERY_DEPTH_MAX};
use egret_query::compile;
use egret_query::{
    Bindings, Code, Condition, Diagnostic, Language, Options, Piece, Query, Reading,
};
use serde_json::json;

use crate::rows::batch;

/// What a thread has where nobody asks for more, and what tokio gives a worker.
const STACK_BYTES: usize = 2 << 20;

fn options(bindings: &Bindings, language: Language) -> Options<'_> {
    Options {
        bindings,
        now: "2026-11-09T00:00:00Z".parse().unwrap(),
        language,
        reading: Reading::Standard,
        strict: false,
        ignore_case: false,
        unknown_is_missing: false,
    }
}

/// Rows that a query matches, counted as a filter and as rules count them.
fn counted(query: &Query) -> [usize; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let rows = [
            json!({ "@timestamp": "2026-11-08T10:00:00Z", "user.name": "n7", "event.action": "a7" }),
            json!({ "@timestamp": "2026-11-08T10:00:01Z", "user.name": "other" }),
        ];
        let batch = batch(&rows);
        let context = SessionContext::new();
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
        context.register_table("events", Arc::new(table)).unwrap();
        let events = context.table("events").await.unwrap();
        let (state, plan) = events.clone().into_parts();
        let filtered = DataFrame::new(state, query.plan(plan).unwrap()).count().await.unwrap();
        let hit = when(query.expr.clone(), ident("@timestamp")).end().unwrap();
        let batches =
            events.aggregate(vec![], vec![count(hit)]).unwrap().collect().await.unwrap();
        let column = batches[0].column(0);
        let one = arrow::util::display::array_value_to_string(column, 0).unwrap();
        [filtered, one.parse().unwrap()]
    })
}

/// Runs on a thread with the stack of a worker.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap()
}

fn text(text: &str) -> Vec<Piece> {
    vec![Piece::Text(text.to_owned())]
}

fn contains(text: &str) -> Vec<Piece> {
    vec![Piece::Any, Piece::Text(text.to_owned()), Piece::Any]
}

fn value(n: usize, folds: bool) -> Condition {
    Condition::value("user.name", text(&format!("n{n}")), folds)
}

fn piece(n: usize) -> Condition {
    Condition::value("user.name", contains(&format!("n{n}")), true)
}

#[test]
fn as_many_clauses_as_are_read() {
    type Make = fn(usize) -> Condition;
    // One kind in full: this build takes seconds for every thousand.
    const SOME: usize = QUERY_CLAUSES_MAX / 8;
    #[rustfmt::skip]
    let rows: [(&str, Make, usize, [usize; 2]); 7] = [
        ("pieces", piece, QUERY_CLAUSES_MAX, [1, 1]),
        ("plain values", |n| value(n, true), SOME, [1, 1]),
        ("exact values", |n| value(n, false), SOME, [1, 1]),
        ("absent", |n| value(n, true).negated(), SOME, [2, 2]),
        ("expressions", |n| Condition::regex("user.name", &format!("^n{n}$")), SOME, [1, 1]),
        ("paths", |n| Condition::value("requestParameters.a", contains(&format!("n{n}")), true), SOME, [0, 0]),
        ("pairs", |n| Condition::all(vec![Condition::exists("event.action"), piece(n)]), SOME, [1, 1]),
    ];
    for (name, make, clauses, want) in rows {
        let found = on_a_small_stack(move || {
            let bindings = Bindings::new();
            let all = (0..clauses).map(make).collect();
            let query = Condition::any(all).compile(&options(&bindings, Language::Lucene)).unwrap();
            counted(&query)
        });
        assert_eq!(found, want, "any of {name}");
    }
}

#[test]
fn as_many_clauses_together_as_are_read() {
    for (clauses, negated, want) in
        [(QUERY_CLAUSES_MAX, false, [0, 0]), (QUERY_CLAUSES_MAX / 8, true, [2, 2])]
    {
        let found = on_a_small_stack(move || {
            let bindings = Bindings::new();
            let one = |n: usize| {
                let piece = Condition::value("user.name", contains(&format!("x{n}")), true);
                if negated { piece.negated() } else { piece }
            };
            let all = (0..clauses).map(one).collect();
            counted(&Condition::all(all).compile(&options(&bindings, Language::Lucene)).unwrap())
        });
        assert_eq!(found, want, "{clauses} negated {negated}");
    }
}

#[test]
fn so_many_of_many() {
    let found = on_a_small_stack(|| {
        let bindings = Bindings::new();
        let one = |n: usize| Condition::value("user.name", contains(&format!("n{n}")), true);
        let any = (0..QUERY_CLAUSES_MAX / 2).map(one).collect();
        let query = Condition::at_least(2, any);
        let query = query.compile(&options(&bindings, Language::Lucene)).unwrap();
        let of = |count| {
            let three = vec![
                Condition::value("user.name", text("n7"), false),
                Condition::value("event.action", text("a7"), false),
                Condition::exists("event.action"),
            ];
            let query = Condition::at_least(count, three);
            counted(&query.compile(&options(&bindings, Language::Lucene)).unwrap())
        };
        [counted(&query), of(0), of(2), of(3), of(4)]
    });
    assert_eq!(found, [[0, 0], [2, 2], [1, 1], [1, 1], [0, 0]]);
}

#[test]
fn long_texts_in_every_language() {
    for (language, sign, of) in [
        (Language::Lucene, " OR ", "user.name: n"),
        (Language::Lucene, " AND ", "user.name: n"),
        (Language::Kql, " or ", "user.name: n"),
        (Language::Kql, " and ", "not user.name: n"),
        (Language::Eql, " or ", "user.name == n"),
        (Language::Esql, " or ", "user.name == n"),
    ] {
        let query = |clauses: usize| {
            let quoted = matches!(language, Language::Eql | Language::Esql);
            let one = |n: usize| {
                if quoted { format!("user.name == \"n{n}\"") } else { format!("{of}{n}") }
            };
            let all = (0..clauses).map(one).collect::<Vec<_>>().join(sign);
            match language {
                Language::Eql => format!("any where {all}"),
                Language::Esql => format!("FROM logs-* | WHERE {all}"),
                _ => all,
            }
        };
        let (most, more) = (query(QUERY_CLAUSES_MAX / 8), query(QUERY_CLAUSES_MAX + 1));
        let (found, refused) = on_a_small_stack(move || {
            let bindings = Bindings::new();
            let most = compile(&most, &options(&bindings, language)).unwrap();
            let refused = compile(&more, &options(&bindings, language)).unwrap_err();
            (counted(&most), refused)
        });
        let want = match (language, sign) {
            // Its condition is a step behind every event.
            (Language::Esql, _) => [1, 2],
            (Language::Lucene, " AND ") => [0, 0],
            // One row has one of the names, and the other none, as the clauses of KQL's AND want it.
            _ => [1, 1],
        };
        assert_eq!(found, want, "{language:?}{sign}");
        let codes: Vec<Code> = refused.iter().map(|one: &Diagnostic| one.code).collect();
        assert_eq!(codes, [Code::Limit], "{language:?}{sign}: {refused:?}");
    }
}

#[test]
fn deep_texts_are_refused_or_run() {
    let nested = |open: &str, close: &str, times: usize| {
        format!("{}user.name: n7{}", open.repeat(times), close.repeat(times))
    };
    let deep = QUERY_DEPTH_MAX - 2;
    let rows = [
        (Language::Lucene, nested("(", ")", deep), true),
        (Language::Lucene, nested("NOT (", ")", deep), true),
        (Language::Lucene, nested("(", ")", 3_000), false),
        (Language::Kql, nested("not ", "", deep), true),
        (Language::Kql, nested("not (a: b or ", ")", deep / 2), true),
        // Few clauses in each pair of parentheses, and long chains in all.
        (Language::Lucene, nested("(", &format!("{})", " AND user.name: n7".repeat(20)), 5), true),
        (
            Language::Lucene,
            nested("(", &format!("{})", " AND user.name: n7".repeat(30)), 60),
            false,
        ),
        (Language::Lucene, nested("(", &format!("{})", " OR user.name: n7".repeat(30)), 60), false),
        (
            Language::Esql,
            format!("FROM a | WHERE {}", nested("(", ")", 20).replace(": n7", " == \"n7\"")),
            true,
        ),
        (
            Language::Esql,
            format!(
                "FROM a | WHERE {}",
                nested("(", &format!("{})", " AND user.name == \"n7\"".repeat(30)), 30)
                    .replace(": n7", " == \"n7\"")
            ),
            false,
        ),
        (Language::Kql, nested("not ", "", 3_000), false),
        (Language::Eql, format!("any where {}true", "not ".repeat(3_000)), false),
        (Language::Eql, format!("any where source.bytes == {}1", "-".repeat(30_000)), false),
        (Language::Eql, format!("any where source.bytes == 1{}", " + 1".repeat(30_000)), false),
        (Language::Eql, format!("any where source.bytes == 1{}", " + 1".repeat(100)), true),
        (Language::Eql, format!("any where {}user.name == \"a\"", "?".repeat(30_000)), false),
    ];
    for (language, text, runs) in rows {
        let shown: String = text.chars().take(40).collect();
        let codes = on_a_small_stack(move || {
            let mut bindings = Bindings::new();
            bindings.set("unused", ["x"]);
            let mut options = options(&bindings, language);
            options.unknown_is_missing = true;
            match compile(&text, &options) {
                Ok(query) => {
                    counted(&query);
                    Vec::new()
                }
                Err(errors) => errors.into_iter().map(|error| error.code).collect(),
            }
        });
        let want = if runs { vec![] } else { vec![Code::Limit] };
        assert_eq!(codes, want, "{language:?}: {shown}");
    }
}

#[test]
fn expressions_that_the_engine_will_not_take() {
    let wide = format!("any where user.name regex \"(a|b){}\"", "{1000}".repeat(3));
    #[rustfmt::skip]
    let rows = [
        (Language::Lucene, "user.name: /a[/", Code::Syntax, "the regular expression `a[` cannot be run: unclosed character class"),
        (Language::Lucene, "/a(b/", Code::Syntax, "the regular expression `a(b` cannot be run: unclosed group"),
        (Language::Lucene, "aws.cloudtrail.request_parameters.x: /a{2,1}/", Code::Syntax, "invalid repetition count range"),
        (Language::Eql, "any where user.name regex \"a(b\"", Code::Syntax, "unclosed group"),
        (Language::Eql, &wide, Code::Limit, "exceeds size limit"),
        (Language::Esql, "FROM a | WHERE TO_LOWER(user.name) RLIKE \"a(b\"", Code::Syntax, "unclosed group"),
        (Language::Esql, "FROM a | EVAL x = REPLACE(user.name, \"(?=a)\", \"b\")", Code::Unsupported, "look-around"),
    ];
    for (language, text, code, message) in rows {
        let bindings = Bindings::new();
        let errors = compile(text, &options(&bindings, language)).unwrap_err();
        assert_eq!(errors[0].code, code, "{text}: {errors:?}");
        assert!(errors[0].message.contains(message), "{text}: {errors:?}");
    }
}
