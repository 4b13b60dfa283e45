//! The table `events` on Ballista, when one machine is not enough.
//!
//! [`connect`] returns an ordinary session, so an analysis does not learn where it runs.
//! [`serve_scheduler`] and [`serve_executor`] are the two processes of a cluster. All three use
//! one configuration, since a plan made under one and run under another fails late and darkly.
//!
//! Every process must see the case folder under the same path.

mod address;
mod connect;
mod executor;
mod scheduler;

pub use address::{Address, AddressError};
pub use connect::{ClusterError, connect};
pub use executor::{ExecutorOptions, serve_executor};
pub use scheduler::serve_scheduler;

use ballista_core::extension::SessionConfigExt;
use datafusion::prelude::SessionConfig;

/// Partitions of a plan: enough for a handful of executors, few enough that small cases stay fast.
const PARTITIONS: usize = 8;

/// The configuration of client, scheduler and executor.
fn session_config() -> SessionConfig {
    let mut config = SessionConfig::new_with_ballista()
        .with_information_schema(true)
        .with_target_partitions(PARTITIONS)
        .with_collect_statistics(false)
        // Ballista 55's adaptive planner never ends on a window over an empty input.
        .with_ballista_adaptive_query_planner(false);
    config.options_mut().execution.time_zone = Some("UTC".to_owned());
    let parquet = &mut config.options_mut().execution.parquet;
    parquet.pushdown_filters = true;
    parquet.reorder_filters = true;
    config
}
