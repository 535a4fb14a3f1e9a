//! DSSE 1.0.2 envelopes (github.com/secure-systems-lab/dsse): what is signed, and the bytes that become a leaf.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use seaworthy_core::limits;
use serde::{Deserialize, Serialize};

use crate::key::{PublicKey, SigningKey};

/// The payload type of in-toto statements in JSON.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Why bytes are not an envelope that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than [`limits::LEDGER_ENVELOPE_BYTES`].
    #[error("the envelope has {0} bytes, more than {max}", max = limits::LEDGER_ENVELOPE_BYTES)]
    TooLong(usize),
    /// Not the JSON of an envelope on one line.
    #[error("not a DSSE envelope: {0}")]
    Malformed(String),
    /// An envelope of something else.
    #[error("the payload type is {0:?}, not {PAYLOAD_TYPE:?}")]
    PayloadType(String),
    /// The signature is not that of the key named.
    #[error("the signature is not that of key {0}")]
    Signature(PublicKey),
}

/// Field order is the order written; readers take any.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    payload: String,
    payload_type: String,
    signatures: [WireSignature; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

/// DSSE's pre-authentication encoding: the bytes that are signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The envelope of `payload`, signed: one line of compact JSON without its newline.
pub fn seal(payload: &[u8], key: &SigningKey) -> Result<Vec<u8>, EnvelopeError> {
    let signature = WireSignature {
        keyid: key.public().to_string(),
        sig: STANDARD.encode(key.sign(&pae(PAYLOAD_TYPE, payload))),
    };
    let wire = Wire {
        payload: STANDARD.encode(payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: [signature],
    };
    let bytes = serde_json::to_vec(&wire).map_err(|error| EnvelopeError::Malformed(error.to_string()))?;
    if bytes.len() > limits::LEDGER_ENVELOPE_BYTES {
        Err(EnvelopeError::TooLong(bytes.len()))
    } else {
        Ok(bytes)
    }
}

/// Verifies an envelope and gives its payload and who signed it.
///
/// `keyid` holds the public key itself. Anybody can write one there; what follows from a good signature is only that the
/// holder of *that* key made it. Whether the key counts is for the policy.
pub fn open(envelope: &[u8]) -> Result<(Vec<u8>, PublicKey), EnvelopeError> {
    if envelope.len() > limits::LEDGER_ENVELOPE_BYTES {
        return Err(EnvelopeError::TooLong(envelope.len()));
    }
    if envelope.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err(EnvelopeError::Malformed("more than one line".to_owned()));
    }
    let wire: Wire =
        serde_json::from_slice(envelope).map_err(|error| EnvelopeError::Malformed(error.to_string()))?;
    if wire.payload_type != PAYLOAD_TYPE {
        return Err(EnvelopeError::PayloadType(wire.payload_type.chars().take(80).collect()));
    }
    let [signature] = &wire.signatures;
    let key: PublicKey =
        signature.keyid.parse().map_err(|error| EnvelopeError::Malformed(format!("keyid: {error}")))?;
    let payload = decode("payload", &wire.payload)?;
    let bytes = decode("sig", &signature.sig)?;
    let bytes: [u8; 64] =
        bytes.try_into().map_err(|_| EnvelopeError::Malformed("sig: not 64 bytes".to_owned()))?;
    if !key.verify(&pae(PAYLOAD_TYPE, &payload), &bytes) {
        return Err(EnvelopeError::Signature(key));
    }
    Ok((payload, key))
}

/// DSSE: verifiers must accept the standard and the URL-safe alphabet.
fn decode(field: &str, text: &str) -> Result<Vec<u8>, EnvelopeError> {
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    alphabet.decode(text).map_err(|error| EnvelopeError::Malformed(format!("{field}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pre_authentication_encoding_is_that_of_the_protocol_document() {
        // DSSE protocol.md, version 1.0.2, "Test Vectors".
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_sealed_opens_and_names_its_signer() {
        let key = SigningKey::from_seed(&[7; 32]);
        let envelope = seal(b"{}", &key).unwrap();
        assert_eq!(open(&envelope).unwrap(), (b"{}".to_vec(), key.public()));
    }

    #[test]
    fn both_base64_alphabets_are_read() {
        let key = SigningKey::from_seed(&[7; 32]);
        let payload = [0xfb, 0xff, 0xfe, b'?', b'>'];
        let text = String::from_utf8(seal(&payload, &key).unwrap()).unwrap();
        let (head, sig) = text.split_once("\"sig\":\"").unwrap();
        let safe = format!("{head}\"sig\":\"{}", sig.replace('+', "-").replace('/', "_"))
            .replace(&STANDARD.encode(payload), &URL_SAFE.encode(payload));
        assert!(safe.contains("-__-"), "{safe}");
        assert_eq!(open(safe.as_bytes()).unwrap().0, payload);
    }

    #[test]
    fn every_wrong_field_is_refused() {
        let key = SigningKey::from_seed(&[7; 32]);
        let good = String::from_utf8(seal(b"{\"a\":1}", &key).unwrap()).unwrap();
        let other = SigningKey::from_seed(&[8; 32]).public().to_string();
        for (what, bad) in [
            ("payload", good.replace("eyJhIjoxfQ==", "eyJhIjoyfQ==")),
            ("padding", good.replace("eyJhIjoxfQ==", "eyJhIjoxfQ")),
            ("type", good.replace("in-toto+json", "in-toto+jsom")),
            ("key", good.replace(&key.public().to_string(), &other)),
            ("no signature", good.replace(&good[good.find("[{").unwrap()..], "[]}")),
            ("two signatures", good.replace("}]}", "},{\"keyid\":\"\",\"sig\":\"\"}]}")),
            ("another field", good.replace("{\"payload\"", "{\"extra\":1,\"payload\"")),
            ("a line break", good.replace("{\"payload\"", "{\n\"payload\"")),
            ("trailing text", format!("{good} x")),
        ] {
            assert_ne!(bad, good, "{what}");
            assert!(open(bad.as_bytes()).is_err(), "{what}");
        }
    }

    #[test]
    fn a_weak_key_signs_nothing() {
        // The identity point verifies anything under lax rules: R = identity, s = 0 ("Taming the many EdDSAs", case 0).
        let mut weak = [0; 32];
        weak[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!PublicKey(weak).verify(b"anything", &signature));
    }
}
