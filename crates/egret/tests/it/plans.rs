//! Every plan an analysis builds can travel to another process: it survives being written and read
//! by datafusion-proto. That is what makes a cluster possible.

use std::sync::{Arc, Mutex};

use datafusion::prelude::SessionContext;
use datafusion_proto::bytes::{logical_plan_from_bytes, logical_plan_to_bytes};
use egret_investigate::channel::Channel;
use egret_investigate::context::Context;
use egret_investigate::engine::Engine;
use egret_investigate::investigate::{Integrity, Settings, investigate};
use egret_investigate::pattern::{DEFAULT_PATTERN, Pattern};
use egret_model::progress::Silent;
use egret_simulate::{Options, Scenario, simulate};
use egret_sources::Registry;
use egret_store::{CaseDir, IngestOptions, SessionOptions};

#[tokio::test(flavor = "multi_thread")]
async fn every_plan_travels() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { days: 9, events: 900, ..Options::default() };
    simulate(Scenario::S3BulkRead, &options, folder.path()).unwrap();
    let case = CaseDir::create_or_open(&folder.path().join("case")).unwrap();
    egret_store::ingest(
        &case,
        &[folder.path().join("logs")],
        &Registry::standard(),
        &IngestOptions::default(),
        &Silent,
    )
    .unwrap();
    let session = egret_store::session(&case, &SessionOptions::default()).await.unwrap();
    let travelled: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&travelled);
    let other = SessionContext::new();
    let engine = Engine::new(session).with_inspector(Arc::new(move |what, plan| {
        let bytes = logical_plan_to_bytes(plan).unwrap_or_else(|error| panic!("{what}: {error}"));
        let back = logical_plan_from_bytes(&bytes, &other.task_ctx())
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(format!("{plan}"), format!("{back}"), "{what}");
        seen.lock().unwrap().push(what.to_owned());
    }));
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
    let report = investigate(&engine, &pattern, &channels, &settings, &[], &Silent).await.unwrap();
    assert!(!report.movements.is_empty());
    let mut names = travelled.lock().unwrap().clone();
    names.sort();
    names.dedup();
    for name in [
        "actors",
        "channel events",
        "coverage",
        "identity chain",
        "reads",
        "outbound flows",
        "pattern steps",
        "signs: acts",
        "timeline",
    ] {
        assert!(names.iter().any(|held| held == name), "`{name}` did not run: {names:?}");
    }
}
