//! The process that runs tasks.

use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::extension::ballista_scalar_functions;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};

use crate::address::Address;
use crate::connect::ClusterError;
use crate::session_config;

/// How an executor uses its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorOptions {
    /// The scheduler it takes tasks from.
    pub scheduler: Address,
    /// Where it serves what it shuffled; its control port is the next one.
    pub bind: Address,
    /// Tasks at a time.
    pub threads: usize,
    /// Bytes all its tasks may hold; beyond it they spill to disk.
    pub memory_bytes: u64,
    /// Where it keeps shuffled data; a temporary folder by default.
    pub work_dir: Option<PathBuf>,
}

/// Takes tasks until the process is told to end.
///
/// # Errors
///
/// When the scheduler does not answer, a port is taken, or the server stops.
pub async fn serve_executor(options: &ExecutorOptions) -> Result<(), ClusterError> {
    let failed = |reason: String| ClusterError::Serve {
        process: "executor",
        address: options.bind.to_string(),
        reason,
    };
    let grpc_port = options
        .bind
        .port
        .checked_add(1)
        .ok_or_else(|| failed("no port is left for control; choose a lower one".to_owned()))?;
    // The registry Ballista starts with lacks the functions over lists and maps.
    let mut registry = BallistaFunctionRegistry::default();
    for function in ballista_scalar_functions() {
        registry.scalar_functions.insert(function.name().to_owned(), function);
    }
    let config = ExecutorProcessConfig {
        bind_host: options.bind.host.clone(),
        external_host: Some(options.bind.host.clone()),
        port: options.bind.port,
        grpc_port,
        scheduler_host: options.scheduler.host.clone(),
        scheduler_port: options.scheduler.port,
        scheduler_connect_timeout_seconds: 30,
        vcores: options.threads.max(1),
        memory_pool_size: Some(options.memory_bytes),
        work_dir: options.work_dir.as_ref().map(|path| path.display().to_string()),
        override_function_registry: Some(Arc::new(registry)),
        override_config_producer: Some(Arc::new(session_config)),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.map_err(|error| failed(error.to_string()))
}
