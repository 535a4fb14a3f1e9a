//! Ed25519 keys (RFC 8032): the recorder's own key file, and public keys as they stand in envelopes.
//!
//! The file is PKCS#8 in PEM (RFC 8410 section 7), so that `openssl pkey` and every library read it. A signature proves
//! that somebody could use the key, not who it was.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use seaworthy_core::{Digest, limits};

/// The recorder's secret key. Its `Debug` shows the public half only; it is wiped from memory when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or made.
    #[error("the key {path}: {source}")]
    Io {
        /// The key file or its folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read or write the file, so its signatures prove nothing.
    #[error("the key {path} is open to others (mode {mode:04o}); type: chmod 600 '{path}'")]
    OpenToOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{path} is not an Ed25519 private key in PKCS#8 PEM (\"-----BEGIN PRIVATE KEY-----\"): {what}")]
    NotAKey {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The system has no randomness to give.
    #[error("no randomness for a new key: {0}")]
    Random(getrandom::Error),
}

/// Reads the key at `path`, or makes one there (mode 0600, and 0700 for folders made on the way).
///
/// Making is atomic: the key is complete and on disk before the name exists, and where two processes make one at the same
/// time both get the one that came first.
pub fn load_or_create(path: &Path) -> Result<SigningKey, KeyError> {
    match load(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        done => return done,
    }
    let wrap = |source| KeyError::Io { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(folder).map_err(wrap)?;
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(KeyError::Random)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{:016x}", u64::from_be_bytes(suffix)));
    let draft = folder.join(name);
    let pem = SigningKey::generate()?.to_pem(path)?;
    let made = write_secret(&draft, pem.as_bytes()).and_then(|()| match fs::hard_link(&draft, path) {
        // Another process was first: its key is the key.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&draft);
    made.map_err(wrap)?;
    removed.map_err(wrap)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrap)?;
    load(path)
}

/// Reads the key at `path`. Refuses one that its group or others may read or write.
pub fn load(path: &Path) -> Result<SigningKey, KeyError> {
    let wrap = |source| KeyError::Io { path: path.to_owned(), source };
    let not_a_key = |what: String| KeyError::NotAKey { path: path.to_owned(), what };
    let file = File::open(path).map_err(wrap)?;
    let metadata = file.metadata().map_err(wrap)?;
    if !metadata.is_file() {
        return Err(not_a_key("not a regular file".to_owned()));
    }
    refuse_open_to_others(path, &metadata)?;
    let mut pem = String::new();
    let read = file.take(limits::KEY_FILE_BYTES + 1).read_to_string(&mut pem);
    read.map_err(|error| not_a_key(error.to_string()))?;
    if pem.len() as u64 > limits::KEY_FILE_BYTES {
        return Err(not_a_key("too long".to_owned()));
    }
    ed25519_dalek::SigningKey::from_pkcs8_pem(pem.trim_ascii())
        .map(SigningKey)
        .map_err(|error| not_a_key(error.to_string()))
}

#[cfg(unix)]
fn refuse_open_to_others(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::OpenToOthers { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_open_to_others(_path: &Path, _metadata: &fs::Metadata) -> Result<(), KeyError> {
    Ok(()) // No mode bits; the profile folder's access list stands in for them.
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true); // O_EXCL: never through a link that somebody laid there
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl SigningKey {
    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(KeyError::Random)?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of a 32-byte seed (RFC 8032 section 5.1.5 calls it the private key).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` (pure Ed25519; deterministic).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Version 1 of PKCS#8, without the public key: OpenSSL 1.1 refuses version 2.
    fn to_pem(&self, path: &Path) -> Result<impl std::ops::Deref<Target = String> + use<>, KeyError> {
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let refused = |error: ed25519_dalek::pkcs8::Error| KeyError::NotAKey {
            path: path.to_owned(),
            what: error.to_string(),
        };
        pair.to_pkcs8_pem(LineEnding::LF).map_err(refused)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(public {})", self.public())
    }
}

/// The 32 bytes of an Ed25519 public key; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// SHA-256 of the 32 bytes: how policies and `Verified` name a key.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Whether `signature` is this key's over `message`. Strict: weak keys and signatures that could be altered into
    /// other valid ones are refused (RFC 8032 section 5.1.7, and "Taming the many EdDSAs", 2020).
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Digest(self.0).fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = seaworthy_core::digest::NotADigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Digest>().map(|bytes| Self(bytes.0))
    }
}
