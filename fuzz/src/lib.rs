//! What must hold for any bytes: shared by the fuzz targets.

use egret_model::limits::DETECT_BYTES;
use egret_sources::{Decoded, LogSource, Registry, Sink};

/// Checks one source of [`Registry::standard`].
///
/// The first byte of the input says how the rest is cut into pieces, everything after it is the
/// evidence file.
///
/// # Panics
///
/// When the source breaks its contract: that is what the fuzzer looks for. Also when no source has
/// that id.
pub fn check_source(id: &str, input: &[u8]) {
    let registry = Registry::standard();
    let source = registry.sources().find(|source| source.id() == id).unwrap_or_else(|| {
        let known: Vec<_> = registry.sources().map(LogSource::id).collect();
        panic!("no source `{id}`; there are {known:?}");
    });
    check(source, input);
}

/// Checks whichever source takes the input for its own, if any does.
///
/// # Panics
///
/// See [`check_source`].
pub fn check_detected(input: &[u8]) {
    let registry = Registry::standard();
    let file = input.get(1..).unwrap_or_default();
    if let Some(opened) = registry.open(head(file)) {
        assert!(!opened.detection.reason.is_empty(), "{} gives no reason", opened.source.id());
        let mut sink = Sink::new("fuzz", "00");
        let mut decoder = opened.decoder;
        assert_eq!(decoder.feed(file, true, &mut sink), file.len(), "everything is consumed");
        check(opened.source, input);
    }
}

/// A file read at once and the same file read in pieces come to the same, and every record of it is
/// accounted for.
fn check(source: &dyn LogSource, input: &[u8]) {
    let Some((&cut, file)) = input.split_first() else { return };
    let whole = decode(source, file, file.len());
    let pieces = decode(source, file, usize::from(cut).saturating_add(1));
    assert_eq!(summary(&whole), summary(&pieces), "pieces of {} bytes", usize::from(cut) + 1);
}

fn head(file: &[u8]) -> &[u8] {
    file.get(..DETECT_BYTES).unwrap_or(file)
}

/// Feeds the file as the store does: `piece` bytes more whenever the decoder asks for more.
fn decode(source: &dyn LogSource, file: &[u8], piece: usize) -> Decoded {
    let mut decoder = source.decoder(head(file));
    let mut sink = Sink::new("fuzz.log", "00");
    let mut done = 0;
    let mut end = 0;
    while end < file.len() {
        end = file.len().min(end + piece);
        let held = &file[done..end];
        let consumed = decoder.feed(held, false, &mut sink);
        assert!(consumed <= held.len(), "consumed {consumed} of {} bytes", held.len());
        done += consumed;
    }
    let rest = &file[done..];
    let consumed = decoder.feed(rest, true, &mut sink);
    assert_eq!(consumed, rest.len(), "bytes left over at the end of the file");
    let decoded = sink.take().expect("columns of one length");
    let rows: usize = decoded.days.iter().map(|day| day.events.num_rows()).sum();
    assert_eq!(decoded.read, u64::try_from(rows + decoded.rejected.len()).unwrap(), "records lost");
    for day in &decoded.days {
        assert_eq!(day.keys.len(), day.events.num_rows(), "a row without identity");
    }
    for rejected in &decoded.rejected {
        assert!(!rejected.reason.is_empty(), "record {} rejected without a reason", rejected.record);
    }
    decoded
}

/// What must not depend on how a file was cut.
fn summary(decoded: &Decoded) -> Vec<String> {
    let days = decoded.days.iter().map(|day| {
        format!("{} day {}: {:?} {:?}", day.dataset, day.day, day.keys, day.events.columns())
    });
    days.chain(decoded.rejected.iter().map(|rejected| format!("{rejected:?}"))).collect()
}
