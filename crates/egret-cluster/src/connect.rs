//! A session whose plans run on a cluster.

use std::time::Duration;

use ballista::prelude::SessionContextExt;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use egret_store::{CaseDir, StoreError, register_events};

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::address::{Address, AddressError};
use crate::session_config;

/// How long a scheduler may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Text is no address.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// No answer.
    #[error(
        "no scheduler answers at {address}; is `egret cluster scheduler` running there? ({source})"
    )]
    Connect {
        /// Where it was expected.
        address: String,
        /// What the client says.
        source: Box<DataFusionError>,
    },
    /// A process of the cluster ended.
    #[error("{process} at {address}: {reason}")]
    Serve {
        /// Which process.
        process: &'static str,
        /// Where it listens.
        address: String,
        /// What it says.
        reason: String,
    },
    /// The case has no store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A session with the store of a case as the table `events`, its plans run by the scheduler at
/// `url`: `df://host:port`.
///
/// # Errors
///
/// When `url` is none, when nobody answers there, or when the case has no store.
pub async fn connect(url: &str, case: &CaseDir) -> Result<SessionContext, ClusterError> {
    let address: Address = url.strip_prefix("df://").unwrap_or(url).parse()?;
    // The client itself calls only with the first plan, and then tries for long.
    let refused = |source: std::io::Error| ClusterError::Connect {
        address: address.to_string(),
        source: Box::new(source.into()),
    };
    let call = TcpStream::connect((address.host.as_str(), address.port));
    drop(timeout(PATIENCE, call).await.map_err(|late| refused(late.into()))?.map_err(refused)?);
    let state =
        SessionStateBuilder::new().with_config(session_config()).with_default_features().build();
    let context = SessionContext::remote_with_state(&format!("df://{address}"), state)
        .await
        .map_err(|source| ClusterError::Connect {
            address: address.to_string(),
            source: Box::new(source),
        })?;
    register_events(&context, case)?;
    Ok(context)
}
