//! Chance with a seed: the same numbers in every run and on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn new(seed: u64, salt: &str) -> Self {
        // The salt keeps scenarios of one seed apart.
        let salt = salt.bytes().fold(seed, |sum, byte| {
            sum.rotate_left(7) ^ u64::from(byte).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        Self(ChaCha8Rng::seed_from_u64(salt))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `limit`; 0 for a limit of 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(from.len()).unwrap_or(0));
        from.get(usize::try_from(at).unwrap_or(0))
    }

    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits);
        while text.len() < digits {
            let block = format!("{:016x}", self.next());
            let rest = digits.saturating_sub(text.len()).min(16);
            text.push_str(block.get(..rest).unwrap_or_default());
        }
        text
    }

    pub(crate) fn uuid(&mut self) -> String {
        let digits = self.hex(32);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }

    /// Sixteen capitals and digits, as in request ids and key ids.
    pub(crate) fn capitals(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = String::with_capacity(length);
        let mut bits = 0u64;
        for at in 0..length {
            if at % 12 == 0 {
                bits = self.next();
            }
            let letter =
                LETTERS.get(usize::try_from(bits & 31).unwrap_or(0)).copied().unwrap_or(b'A');
            text.push(char::from(letter));
            bits >>= 5;
        }
        text
    }

    /// A temporary access key, marked as an example.
    pub(crate) fn session_key(&mut self) -> String {
        format!("ASIA{}EXAMPLE", self.capitals(9))
    }
}
