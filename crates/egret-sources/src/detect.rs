//! Why a file is taken for one source and not another.

/// Why a file is taken for a kind of log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// 0 to 100; the highest wins, and the first of the list among equals.
    pub confidence: u8,
    /// What was seen, such as "top-level `Records` with `eventSource`".
    pub reason: String,
}
