//! Evidence in Parquet, as Security Lake, flow logs and Athena write it: read as JSON lines, so that
//! the sources need not know how it was stored.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use arrow::json::LineDelimitedWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

/// How Parquet begins and ends.
const MAGIC: &[u8] = b"PAR1";

/// Rows made into text at a time.
const BATCH_ROWS: usize = 1_024;

/// Whether the bytes are of a Parquet file.
pub(crate) fn is_parquet(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Whether a file begins as Parquet does.
pub(crate) fn begins_as_parquet(path: &Path) -> bool {
    let mut magic = [0u8; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == MAGIC
}

/// The rows of a file as a stream of JSON lines.
pub(crate) struct Rows {
    batches: ParquetRecordBatchReader,
    text: Vec<u8>,
    at: usize,
}

impl Rows {
    pub(crate) fn new<R: ChunkReader + 'static>(file: R) -> Result<Self, String> {
        let batches = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
            .map_err(|error| format!("Parquet that cannot be read: {error}"))?;
        Ok(Self { batches, text: Vec::new(), at: 0 })
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at >= self.text.len() {
            let Some(batch) = self.batches.next() else { return Ok(0) };
            let batch = batch.map_err(std::io::Error::other)?;
            self.text.clear();
            self.at = 0;
            let mut writer = LineDelimitedWriter::new(&mut self.text);
            writer.write(&batch).map_err(std::io::Error::other)?;
            writer.finish().map_err(std::io::Error::other)?;
        }
        let mut rest = self.text.get(self.at..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}
