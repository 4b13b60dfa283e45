//! The process that cuts plans into tasks and hands them to executors.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_core::utils::default_session_builder;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;

use crate::address::Address;
use crate::connect::ClusterError;
use crate::session_config;

/// Serves at `bind` until the process ends.
///
/// # Errors
///
/// When the address cannot be bound or the server stops.
pub async fn serve_scheduler(bind: &Address) -> Result<(), ClusterError> {
    let failed = |reason: String| ClusterError::Serve {
        process: "scheduler",
        address: bind.to_string(),
        reason,
    };
    let socket = resolve(bind).await.map_err(failed)?;
    let config = SchedulerConfig {
        bind_host: bind.host.clone(),
        external_host: bind.host.clone(),
        bind_port: bind.port,
        override_config_producer: Some(Arc::new(session_config)),
        override_session_builder: Some(Arc::new(default_session_builder)),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config)
        .await
        .map_err(|error| failed(error.to_string()))?;
    start_server(cluster, socket, Arc::new(config)).await.map_err(|error| failed(error.to_string()))
}

async fn resolve(bind: &Address) -> Result<SocketAddr, String> {
    tokio::net::lookup_host((bind.host.as_str(), bind.port))
        .await
        .map_err(|error| error.to_string())?
        .next()
        .ok_or_else(|| "the name has no address".to_owned())
}
