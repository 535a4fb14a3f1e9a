"""Verifies a ledger by docs/ledger-format.md alone, with none of our code: `independent_reader.py LEDGER EXPORT`.

Needs `cryptography`; where `securesystemslib` is there too, its DSSE implementation checks every envelope a second time.
Prints what it found as one line of JSON; any failure is a traceback and a status other than 0.
"""

import base64
import hashlib
import json
import sqlite3
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    from securesystemslib import dsse
    from securesystemslib.signer import SSlibKey
except ImportError:
    dsse = None


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    """RFC 6962 section 2.1, word for word: recursive, where the ledger folds a frontier."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01", root(leaves[:k]), root(leaves[k:]))


def read_entry(line):
    envelope = json.loads(line)
    assert set(envelope) == {"payload", "payloadType", "signatures"} and len(envelope["signatures"]) == 1
    signature = envelope["signatures"][0]
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["keyid"]))
    key.verify(base64.b64decode(signature["sig"], validate=True), pae)
    if dsse:
        public = {"public": signature["keyid"]}
        known = SSlibKey(signature["keyid"], "ed25519", "ed25519", public)
        dsse.Envelope.from_dict(json.loads(line)).verify([known], 1)
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    entry = statement["predicate"]
    assert entry["format"] == 1
    assert statement["predicateType"] == f"https://seaworthy.dev/{entry['body']['kind']}/v1"
    subject = entry["body"]["subject"]
    digest = {"seaworthyTree": subject["tree"]}
    if subject["git_commit"]:
        digest["gitCommit"] = subject["git_commit"]
    assert statement["subject"] == [{"name": "source", "digest": digest}]
    return signature["keyid"]


def read_checkpoint(note, verifier_key, origin, leaves):
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    assert text.split("\n") == [origin, str(len(leaves)), base64.b64encode(root(leaves)).decode(), ""]
    name, key_id, key = verifier_key.split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert name == origin and key[0] == 1
    assert sha256(name.encode(), b"\n", key)[:4].hex() == key_id
    dash, signer, blob = signatures.rstrip("\n").split(" ")
    blob = base64.b64decode(blob, validate=True)
    assert (dash, signer, blob[:4].hex()) == ("\u2014", name, key_id)
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob[4:], text.encode())


def read_export(path):
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    assert lines.pop() == b"" and not any(b"\r" in line for line in lines)
    header = json.loads(lines[0])
    assert header["format"] == "seaworthy.ledger/v1"
    leaves, keys, checkpoints, ended = [], [], [], True
    for line in lines[1:]:
        ended = line.startswith(b'{"checkpoint":')
        if ended:
            read = json.loads(line)
            read_checkpoint(read["checkpoint"], read["verifierKey"], header["origin"], leaves)
            checkpoints.append((len(leaves), read["checkpoint"], read["verifierKey"]))
        else:
            keys.append(read_entry(line))
            leaves.append(sha256(b"\x00", line))
    assert ended
    return header["origin"], leaves, keys, checkpoints, [l for l in lines[1:] if not l.startswith(b'{"checkpoint":')]


def read_database(path, origin, leaves, checkpoints, envelopes):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = lambda sql: database.execute(sql).fetchall()
    assert rows("PRAGMA application_id") == [(0x53574C47,)] and rows("PRAGMA user_version") == [(1,)]
    assert rows("SELECT origin FROM log") == [(origin,)]
    assert rows("SELECT seq, leaf, envelope FROM entry ORDER BY seq") == [
        (seq, leaf, envelope) for seq, (leaf, envelope) in enumerate(zip(leaves, envelopes))
    ]
    assert rows("SELECT size, note, verifier_key FROM checkpoint ORDER BY size") == checkpoints
    for size, frontier in rows("SELECT size, frontier FROM checkpoint"):
        peaks, start = b"", 0
        for bit in reversed(range(size.bit_length())):
            if size >> bit & 1:
                peaks += root(leaves[start : start + (1 << bit)])
                start += 1 << bit
        assert frontier == peaks
    database.close()


def main():
    ledger, export = sys.argv[1:]
    origin, leaves, keys, checkpoints, envelopes = read_export(export)
    read_database(ledger, origin, leaves, checkpoints, envelopes)
    found = {"size": len(leaves), "root": root(leaves).hex(), "checkpoints": len(checkpoints), "keys": sorted(set(keys))}
    print(json.dumps(found | {"dsse_twice": dsse is not None}))


main()
