//! Checkpoints: what a log was at some size, in the C2SP formats that other tools read.
//!
//! The text is a tlog-checkpoint (c2sp.org/tlog-checkpoint), signed as a note (c2sp.org/signed-note v1.0.0) with Ed25519.
//! A checkpoint kept elsewhere is what makes a cut tail or a rewritten log visible: the log alone cannot show that.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seaworthy_core::{Digest, limits};

use crate::key::{PublicKey, SigningKey};

/// What a log was at some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: `seaworthy.dev/ledger/` and 32 hexadecimal digits for ours.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Digest,
}

/// A checkpoint as a signed note. Parsing says nothing of its signatures; see [`SignedCheckpoint::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// A key that signs notes, with its name: `name+hex(id)+base64(0x01 || public key)` in text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    public: PublicKey,
}

/// Why a text is not a checkpoint or a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("not a signed note: {0}")]
    Note(&'static str),
    /// A note, but not a checkpoint.
    #[error("not a checkpoint: {0}")]
    Body(&'static str),
    /// Not a verifier key of type Ed25519.
    #[error("not an Ed25519 verifier key: {0}")]
    Key(&'static str),
}

/// Signature type identifier of Ed25519 (signed-note, "Signature types").
const ED25519: u8 = 1;
/// Begins a signature line: em dash, space.
const SIGNATURE_LINE: &str = "\u{2014} ";

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root.0))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the text of a note, its last newline included. Extension lines are allowed and not kept.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let lines =
            text.strip_suffix('\n').ok_or(CheckpointError::Body("its text does not end in a newline"))?;
        let mut lines = lines.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty());
        let origin = line().ok_or(CheckpointError::Body("no origin"))?;
        let digits = line().ok_or(CheckpointError::Body("no size"))?;
        let size: u64 = digits.parse().map_err(|_| CheckpointError::Body("the size is not a number"))?;
        if digits != size.to_string() {
            return Err(CheckpointError::Body("the size has a sign or leading zeroes"));
        }
        let root = line().and_then(|root| STANDARD.decode(root).ok()).and_then(|root| root.try_into().ok());
        let root = Digest(root.ok_or(CheckpointError::Body("the root is not the base64 of 32 bytes"))?);
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Body("an extension line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

impl SignedCheckpoint {
    /// Signs `checkpoint`, the key being named after the origin.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Self {
        let verifier = VerifierKey { name: checkpoint.origin.clone(), public: key.public() };
        let text = checkpoint.to_string();
        let signature = key.sign(text.as_bytes()).to_vec();
        let blob = STANDARD.encode([verifier.id().as_slice(), &signature].concat());
        let note = format!("{text}\n{SIGNATURE_LINE}{} {blob}\n", verifier.name);
        let signatures = vec![NoteSignature { id: verifier.id(), name: verifier.name, signature }];
        Self { checkpoint, note, signatures }
    }

    /// What is signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note, byte for byte: what to keep elsewhere.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Whether it carries a good signature by `key` and no bad one under that key's name and id. Other keys' signatures
    /// are ignored, as signed-note requires.
    pub fn verify(&self, key: &VerifierKey) -> bool {
        let id = key.id();
        let mut own = self.signatures.iter().filter(|line| line.name == key.name && line.id == id).peekable();
        let text = self.note.rfind("\n\n").and_then(|end| self.note.get(..=end)).unwrap_or_default();
        let good = |line: &NoteSignature| {
            line.signature.as_slice().try_into().is_ok_and(|bytes| key.public.verify(text.as_bytes(), bytes))
        };
        own.peek().is_some() && own.all(good)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = CheckpointError;

    fn from_str(note: &str) -> Result<Self, CheckpointError> {
        let (text, signatures) = split_note(note)?;
        let signatures = signatures.collect::<Result<_, _>>()?;
        Ok(Self { checkpoint: text.parse()?, note: note.to_owned(), signatures })
    }
}

/// The text of a note with its final newline, and its signature lines.
fn split_note(
    note: &str,
) -> Result<(&str, impl Iterator<Item = Result<NoteSignature, CheckpointError>>), CheckpointError> {
    if note.len() > limits::LEDGER_NOTE_BYTES {
        return Err(CheckpointError::Note("too long"));
    }
    if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(CheckpointError::Note("it holds a control character"));
    }
    let end = note.rfind("\n\n").ok_or(CheckpointError::Note("no blank line before the signatures"))?;
    let (text, lines) = (note.get(..=end), note.get(end + 2..));
    let (Some(text), Some(lines)) = (text, lines) else { return Err(CheckpointError::Note("no signatures")) };
    let lines = lines.strip_suffix('\n').ok_or(CheckpointError::Note("it does not end in a newline"))?;
    if lines.split('\n').count() > limits::LEDGER_NOTE_SIGNATURES {
        return Err(CheckpointError::Note("too many signatures"));
    }
    Ok((text, lines.split('\n').map(signature_line)))
}

fn signature_line(line: &str) -> Result<NoteSignature, CheckpointError> {
    let malformed = CheckpointError::Note("a signature line is malformed");
    let rest = line.strip_prefix(SIGNATURE_LINE).ok_or_else(|| malformed.clone())?;
    let (name, blob) = rest.split_once(' ').ok_or_else(|| malformed.clone())?;
    let blob = STANDARD.decode(blob).map_err(|_| malformed.clone())?;
    match blob.split_first_chunk::<4>() {
        Some((id, signature)) if is_key_name(name) && !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), id: *id, signature: signature.to_vec() })
        }
        _ => Err(malformed),
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

impl VerifierKey {
    /// The key `public` under `name`, which is the origin for the logs' own keys.
    pub fn new(name: &str, public: PublicKey) -> Self {
        Self { name: name.to_owned(), public }
    }

    /// The name: the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// SHA-256(name || 0x0A || 0x01 || public key), its first four bytes. Identifies; proves nothing.
    fn id(&self) -> [u8; 4] {
        let named = [self.name.as_bytes(), b"\n", &[ED25519], &self.public.0].concat();
        let [a, b, c, d, ..] = Digest::of(&named).0;
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519], self.public.0.as_slice()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, u32::from_be_bytes(self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(CheckpointError::Key("not name+id+key"));
        };
        if !is_key_name(name) {
            return Err(CheckpointError::Key("its name is empty or has spaces"));
        }
        let bytes = STANDARD.decode(key).map_err(|_| CheckpointError::Key("its key is not base64"))?;
        let Some((&ED25519, public)) = bytes.split_first() else {
            return Err(CheckpointError::Key("another signature type"));
        };
        let public = public.try_into().map_err(|_| CheckpointError::Key("its key has not 32 bytes"))?;
        let key = Self { name: name.to_owned(), public: PublicKey(public) };
        // Written again it must be the same text: that checks the id and leaves one spelling for each key.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(CheckpointError::Key("its id is not that of its key"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// signed-note v1.0.0, "Verifier keys", Example.
    const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const EXAMPLE_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    /// tlog-checkpoint, first example.
    const EXAMPLE_CHECKPOINT: &str = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} example.com/behind-the-sofa \
        Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn the_note_of_the_specification_verifies_under_its_key_and_no_other() {
        let key: VerifierKey = EXAMPLE_KEY.parse().unwrap();
        assert_eq!(key.to_string(), EXAMPLE_KEY);
        let (text, lines) = split_note(EXAMPLE_NOTE).unwrap();
        let line = lines.map(Result::unwrap).next().unwrap();
        assert_eq!((line.name.as_str(), line.id), ("example.com/foo", key.id()));
        let signature: [u8; 64] = line.signature.try_into().unwrap();
        assert!(key.public().verify(text.as_bytes(), &signature));
        assert!(!key.public().verify(b"This is an example message!\n", &signature));
    }

    #[test]
    fn the_checkpoint_of_the_specification_is_read() {
        let read: SignedCheckpoint = EXAMPLE_CHECKPOINT.parse().unwrap();
        assert_eq!(read.checkpoint().origin, "example.com/behind-the-sofa");
        assert_eq!(read.checkpoint().size, 20_852_163);
        assert!(EXAMPLE_CHECKPOINT.starts_with(&read.checkpoint().to_string()));
        assert!(
            !read.verify(&EXAMPLE_KEY.parse().unwrap()),
            "another key's signature is ignored, which leaves none"
        );
    }

    fn signed() -> (SignedCheckpoint, VerifierKey) {
        let key = SigningKey::from_seed(&[3; 32]);
        let checkpoint =
            Checkpoint { origin: "seaworthy.dev/ledger/x".to_owned(), size: 5, root: Digest::of(b"r") };
        (SignedCheckpoint::sign(checkpoint, &key), VerifierKey::new("seaworthy.dev/ledger/x", key.public()))
    }

    #[test]
    fn what_is_signed_reads_back_and_verifies() {
        let (signed, key) = signed();
        let read: SignedCheckpoint = signed.note().parse().unwrap();
        assert_eq!(read, signed);
        assert!(read.verify(&key));
        assert_eq!(key.to_string().parse::<VerifierKey>().unwrap(), key);
    }

    #[test]
    fn every_flipped_bit_of_a_note_is_refused_or_fails_to_verify() {
        let (signed, key) = signed();
        for (at, bit) in (0..signed.note().len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bytes = signed.note().as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let verifies = text.parse::<SignedCheckpoint>().is_ok_and(|read| read.verify(&key));
            assert!(!verifies, "byte {at}, bit {bit}: {text:?}");
        }
    }

    #[test]
    fn a_witness_may_add_its_signature_and_a_forger_may_not_add_ours() {
        let (signed, key) = signed();
        let witnessed = format!("{}\u{2014} witness.example AAAAAQID\n", signed.note());
        assert!(witnessed.parse::<SignedCheckpoint>().unwrap().verify(&key));
        let forged = [key.id().as_slice(), &[0; 64]].concat();
        let forged = format!("{}\u{2014} {} {}\n", signed.note(), key.name(), STANDARD.encode(forged));
        assert!(!forged.parse::<SignedCheckpoint>().unwrap().verify(&key));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let (signed, _) = signed();
        for (from, to) in
            [("\n5\n", "\n05\n"), ("\n5\n", "\n+5\n"), ("\n5\n", "\n\n"), ("\n\n", "\n"), ("seaworthy", "\r")]
        {
            let bad = signed.note().replacen(from, to, 1);
            assert!(bad.parse::<SignedCheckpoint>().is_err(), "{bad:?}");
        }
        assert!("".parse::<SignedCheckpoint>().is_err());
        assert!("\n\n".parse::<SignedCheckpoint>().is_err());
        assert!(format!("{EXAMPLE_KEY}x").parse::<VerifierKey>().is_err());
        assert!(EXAMPLE_KEY.replace("530d903a", "530d903b").parse::<VerifierKey>().is_err());
    }
}
