//! Compressed evidence: gzip with any number of members, with a cap on what comes out.
//!
//! A file of one member that fits in memory goes through libdeflate, which is twice as fast as
//! reading it as a stream; every other file is read as a stream, member by member.

use std::io::{BufRead, Read};

/// Whether the bytes begin like gzip.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// What the last four bytes say the last member inflates to, modulo 4 GiB. A hint, nothing more.
pub(crate) fn stated_size(bytes: &[u8]) -> Option<usize> {
    let size: [u8; 4] = *bytes.last_chunk()?;
    usize::try_from(u32::from_le_bytes(size)).ok()
}

/// Inflates a file of exactly one member; `None` when it may be anything else, is damaged, or says
/// that it holds more than `most` bytes. The stream tells what is wrong with it.
pub(crate) fn one_member(
    inflater: &mut libdeflater::Decompressor,
    bytes: &[u8],
    most: usize,
) -> Option<Vec<u8>> {
    let size = stated_size(bytes)?;
    // Another member's header may lie anywhere behind the first one's.
    if size > most || memchr::memmem::find(bytes.get(10..)?, &[0x1f, 0x8b, 0x08]).is_some() {
        return None;
    }
    let mut inflated = vec![0u8; size];
    let written = inflater.gzip_decompress(bytes, &mut inflated).ok()?;
    (written == size).then_some(inflated)
}

/// Reads the members of a gzip stream one after another as one stream of bytes.
pub(crate) struct Members<R> {
    member: Option<flate2::bufread::GzDecoder<R>>,
    out: u64,
    most: u64,
    /// Bytes behind the last member that are no member.
    pub(crate) trailing: bool,
}

impl<R: BufRead> Members<R> {
    /// Of a reader that stands at the first member; `most` bytes may come out.
    pub(crate) fn new(reader: R, most: u64) -> Self {
        let member = Some(flate2::bufread::GzDecoder::new(reader));
        Self { member, out: 0, most, trailing: false }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let read = member.read(buffer)?;
            if read > 0 {
                self.out = self.out.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
                if self.out > self.most {
                    return Err(std::io::Error::other(format!(
                        "more than {} bytes after decompression, the most that is read of a file of \
                         this size; it may be made to fill the disk",
                        self.most
                    )));
                }
                return Ok(read);
            }
            let Some(done) = self.member.take() else { return Ok(0) };
            let mut reader = done.into_inner();
            let next = reader.fill_buf()?;
            if is_gzip(next) || next == [0x1f] {
                self.member = Some(flate2::bufread::GzDecoder::new(reader));
            } else {
                self.trailing = !next.is_empty();
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn all(bytes: &[u8], most: u64) -> (Vec<u8>, Option<String>) {
        let mut out = Vec::new();
        let error = Members::new(bytes, most).read_to_end(&mut out).err();
        (out, error.map(|error| error.to_string()))
    }

    #[test]
    fn one_member_takes_the_fast_way_and_two_do_not() {
        let mut inflater = libdeflater::Decompressor::new();
        let one = gz(b"hello");
        assert_eq!(one_member(&mut inflater, &one, 100).as_deref(), Some(b"hello".as_slice()));
        let two = [one.clone(), one.clone()].concat();
        assert_eq!(one_member(&mut inflater, &two, 100), None, "the second would be lost");
        assert_eq!(one_member(&mut inflater, &one, 4), None, "larger than allowed");
        assert_eq!(one_member(&mut inflater, &one[..one.len() - 1], 100), None);
        assert_eq!(one_member(&mut inflater, b"\x1f\x8b", 100), None);
    }

    #[test]
    fn a_stream_holds_all_members_and_says_where_it_breaks() {
        let two = [gz(b"hello "), gz(b"world")].concat();
        assert_eq!(all(&two, 100), (b"hello world".to_vec(), None));
        let (out, error) = all(&two[..two.len() - 9], 100);
        assert!(out.starts_with(b"hello "));
        assert!(error.is_some());
        let (_, error) = all(&two, 8);
        assert!(error.unwrap().contains("more than 8 bytes"));
        let with_junk = [gz(b"a"), b"junk".to_vec()].concat();
        let mut trailing = Members::new(with_junk.as_slice(), 10);
        trailing.read_to_end(&mut Vec::new()).unwrap();
        assert!(trailing.trailing);
    }
}
