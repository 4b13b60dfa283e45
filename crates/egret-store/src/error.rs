//! What can go wrong with evidence and store.

use std::path::{Path, PathBuf};

/// The store could not do what was asked. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be used.
    #[error("{doing} `{path}`: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What was to be ingested is not there.
    #[error("`{0}` does not exist; expected a log file or a folder of log files")]
    Missing(PathBuf),
    /// The case was named as its own evidence.
    #[error("`{0}` is the case folder itself; expected a log file or a folder of log files")]
    OwnCase(PathBuf),
    /// Evidence is being written to.
    #[error(
        "`{0}` changed while it was read; nothing of it was stored; copy it first, so that nothing \
         writes to it"
    )]
    Changed(PathBuf),
    /// A folder holds nothing.
    #[error("`{0}` holds no file; expected a folder of log files")]
    NothingThere(PathBuf),
    /// The folder is no case.
    #[error("`{0}` is not a case folder; make one with `egret ingest PATH --case {0}`")]
    NoCase(PathBuf),
    /// Another run is writing.
    #[error("another run is writing the case and holds `{0}`; try again when it has ended")]
    Locked(PathBuf),
    /// A file of the case is damaged.
    #[error("`{path}`: {reason}; the store can be rebuilt from the evidence")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A text file is larger than is read.
    #[error("`{path}` has more than {max} bytes, the most that is read of such a file")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Limit in bytes.
        max: u64,
    },
    /// A text file is not text.
    #[error("`{0}` is not UTF-8 text")]
    NotText(PathBuf),
    /// Records went missing: a bug, and the run is stopped for it.
    #[error("`{path}`: {read} records read, {accounted} accounted for")]
    Unbalanced {
        /// Evidence file.
        path: String,
        /// Records read.
        read: u64,
        /// Stored, duplicate and quarantined.
        accounted: u64,
    },
    /// Columns could not be put together or written.
    #[error("{doing}: {source}")]
    Arrow {
        /// What was being done.
        doing: &'static str,
        /// What Arrow says.
        source: arrow::error::ArrowError,
    },
    /// Parquet could not be written or read.
    #[error("{doing} `{path}`: {source}")]
    Parquet {
        /// What was being done.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What Parquet says.
        source: parquet::errors::ParquetError,
    },
    /// The query engine could not be set up.
    #[error("query engine: {0}")]
    Engine(#[from] Box<datafusion::error::DataFusionError>),
    /// A file of lookups cannot be used.
    #[error("`{path}`: {reason}")]
    Lookup {
        /// Which file or folder.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A case could not be sealed or opened.
    #[error("{reason}")]
    Seal {
        /// What was expected and found.
        reason: String,
    },
    /// A worker ended early.
    #[error("a worker thread stopped unexpectedly; what was committed before is kept")]
    Worker,
}

impl StoreError {
    pub(crate) fn io(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::Io { doing, path, source }
    }
}
