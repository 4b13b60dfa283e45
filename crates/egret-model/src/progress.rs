//! How far long work has come, told to whoever shows it.

/// Told about long work as it goes. Libraries call it; the front end draws it.
pub trait Progress: Send + Sync {
    /// A stage begins; `total` in `unit`s, 0 when unknown.
    fn start(&self, stage: &str, total: u64, unit: Unit);
    /// So many more units are done.
    fn advance(&self, units: u64);
    /// The stage is over.
    fn finish(&self);
}

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes as they lie on disk.
    Bytes,
    /// Steps of work.
    Steps,
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _stage: &str, _total: u64, _unit: Unit) {}
    fn advance(&self, _units: u64) {}
    fn finish(&self) {}
}
