//! SHA-256 digests and the one way of digesting several fields without ambiguity.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest (FIPS 180-4); 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits, found {found:?}")]
pub struct NotADigest {
    /// The text that was given.
    pub found: String,
}

impl Digest {
    /// The digest of `bytes` as they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of several fields. Each is preceded by its length, so that `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn of_fields<F: AsRef<[u8]>>(fields: impl IntoIterator<Item = F>) -> Self {
        let mut builder = DigestBuilder::default();
        for field in fields {
            builder.field(field.as_ref());
        }
        builder.finish()
    }

    /// The first twelve hexadecimal digits: enough to recognise, not to rely on.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

/// Digests fields one at a time; see [`Digest::of_fields`].
#[derive(Default, Clone)]
pub struct DigestBuilder(Sha256);

impl DigestBuilder {
    /// Adds one field, preceded by its length as a big-endian `u64`.
    pub fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The digest of all fields added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let refuse = || NotADigest { found: text.chars().take(80).collect() };
        if text.len() != 64 || !text.is_ascii() {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| refuse())?;
            if pair.starts_with('+') {
                return Err(refuse());
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refuse())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_digest_is_the_published_one() {
        // FIPS 180-4 example values, NIST CAVP SHA256ShortMsg Len = 0.
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap(), Digest::of(b""));
    }

    #[test]
    fn fields_cannot_run_into_each_other() {
        assert_ne!(Digest::of_fields(["ab", "c"]), Digest::of_fields(["a", "bc"]));
        assert_ne!(Digest::of_fields(["a"]), Digest::of_fields(["a", ""]));
    }

    #[test]
    fn what_is_not_hexadecimal_is_refused() {
        for text in ["", "00", &"g".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
