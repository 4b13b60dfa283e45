//! The same case on a cluster of one scheduler and two executors, and in this process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that goes wrong should say where"
)]

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use datafusion::prelude::SessionContext;
use egret_cluster::{Address, ExecutorOptions, connect, serve_executor, serve_scheduler};
use egret_investigate::channel::Channel;
use egret_investigate::context::Context;
use egret_investigate::engine::Engine;
use egret_investigate::investigate::{Integrity, Settings, investigate};
use egret_investigate::pattern::{DEFAULT_PATTERN, Pattern};
use egret_model::progress::Silent;
use egret_simulate::{Options, Scenario, simulate};
use egret_sources::Registry;
use egret_store::{CaseDir, IngestOptions, SessionOptions};
use tokio::task::JoinSet;

/// A port nobody listens on, and the one above it.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

fn at(port: u16) -> Address {
    Address { host: "127.0.0.1".to_owned(), port }
}

/// A scheduler and two executors; they end when the set is dropped.
fn start(processes: &mut JoinSet<()>, work: &Path) -> String {
    let scheduler = at(free_port());
    let url = format!("df://{scheduler}");
    let bind = scheduler.clone();
    processes.spawn(async move { serve_scheduler(&bind).await.unwrap() });
    for name in ["one", "two"] {
        let options = ExecutorOptions {
            scheduler: scheduler.clone(),
            bind: at(free_port()),
            threads: 1,
            memory_bytes: 1 << 30,
            work_dir: Some(work.join(name)),
        };
        std::fs::create_dir_all(work.join(name)).unwrap();
        processes.spawn(async move { serve_executor(&options).await.unwrap() });
    }
    url
}

async fn connected(url: &str, case: &CaseDir) -> SessionContext {
    for _ in 0..100 {
        if let Ok(session) = connect(url, case).await {
            return session;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no scheduler at {url}");
}

async fn report(session: SessionContext) -> String {
    let settings = Settings {
        case_id: "case".to_owned(),
        title: "case".to_owned(),
        from: None,
        to: None,
        now: None,
        bindings: Vec::new(),
        context: Context::default(),
        egret_version: "0".to_owned(),
        integrity: Integrity::default(),
    };
    let pattern = Pattern::parse(DEFAULT_PATTERN).unwrap();
    let channels = Channel::built_in().unwrap();
    let engine = Engine::new(session);
    let report = investigate(&engine, &pattern, &channels, &settings, &[], &Silent).await.unwrap();
    assert!(!report.movements.is_empty());
    serde_json::to_string_pretty(&report).unwrap()
}

fn case(folder: &Path) -> CaseDir {
    let options = Options { days: 9, events: 900, ..Options::default() };
    simulate(Scenario::S3BulkRead, &options, folder).unwrap();
    let case = CaseDir::create_or_open(&folder.join("case")).unwrap();
    let logs = [folder.join("logs")];
    let registry = Registry::standard();
    egret_store::ingest(&case, &logs, &registry, &IngestOptions::default(), &Silent).unwrap();
    case
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_investigation_is_the_same_on_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(folder.path());
    let here = egret_store::session(&case, &SessionOptions::default()).await.unwrap();
    let expected = report(here).await;

    let mut processes = JoinSet::new();
    let url = start(&mut processes, folder.path());
    let there = connected(&url, &case).await;
    let found = tokio::time::timeout(Duration::from_secs(280), report(there))
        .await
        .expect("the cluster answers in time");
    assert_eq!(expected, found);
    // Executors wrote what they shuffled: the work was done there, not in this session.
    let shuffled = ["one", "two"]
        .iter()
        .filter(|name| {
            std::fs::read_dir(folder.path().join(name)).is_ok_and(|held| held.count() > 0)
        })
        .count();
    assert_eq!(shuffled, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_with_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let case = CaseDir::create_or_open(&folder.path().join("case")).unwrap();
    let url = format!("df://{}", at(free_port()));
    let Err(error) = connect(&url, &case).await else { panic!("somebody answers at {url}") };
    let text = error.to_string();
    assert!(text.contains("no scheduler answers at 127.0.0.1:"), "{text}");
    let Err(error) = connect("df://nowhere", &case).await else { panic!("no port") };
    assert!(error.to_string().contains("expected HOST:PORT"), "{error}");
}
