//! What the program and its brokers say to each other: fixed-size messages over a socket that keeps their boundaries.

/// What is asked of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Operation {
    /// To a keeper: its identity maps are written; mount the tree. May carry the detached mount of the tree.
    Begin = 1,
    /// To a keeper: a world of its own on the socket that comes along. Answered with its process's descriptor.
    NewWorld = 2,
    /// Start a program: launch file, standard input, output and error, and where its end is written come along.
    Start = 3,
    /// Signal processes: `a` the process by the broker's numbering, `b` the signal, `c` the [`Scope`].
    Kill = 4,
    /// A socket of this network: `a` domain, `b` type.
    Socket = 5,
}

/// Which processes a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Scope {
    /// The started program alone.
    Leader = 0,
    /// The started program, its session, its process group and everything descended from it.
    Tree = 1,
    /// Everything started in the world.
    World = 2,
}

/// A request: operation, three numbers, and the length of the launch file.
pub(crate) type Request = [i64; 5];

/// An answer: the [`Stage`] that failed (0: none), its error number, a value.
pub(crate) type Reply = [i64; 3];

/// Where something failed in a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum Stage {
    Fork = 1,
    /// The value is the index of the step.
    Step = 2,
    Limits = 3,
    Rights = 4,
    Directory = 5,
    Execute = 6,
    TooMany = 7,
    Request = 8,
    Socket = 9,
    Kill = 10,
}

impl Stage {
    pub(crate) fn from_number(number: i64) -> Option<Stage> {
        use Stage::*;
        [Fork, Step, Limits, Rights, Directory, Execute, TooMany, Request, Socket, Kill]
            .into_iter()
            .find(|stage| *stage as i64 == number)
    }
}

/// As bytes.
pub(crate) fn encode<const N: usize, const BYTES: usize>(words: [i64; N]) -> [u8; BYTES] {
    const { assert!(N * 8 == BYTES) };
    let mut bytes = [0; BYTES];
    for (slot, word) in bytes.chunks_exact_mut(8).zip(words) {
        slot.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}

/// From bytes; `None` when they are too few.
pub(crate) fn decode<const N: usize>(bytes: &[u8]) -> Option<[i64; N]> {
    let mut words = [0; N];
    let mut slots = bytes.chunks_exact(8);
    for word in &mut words {
        *word = i64::from_ne_bytes(<[u8; 8]>::try_from(slots.next()?).ok()?);
    }
    Some(words)
}

pub(crate) const REQUEST_BYTES: usize = size_of::<Request>();
pub(crate) const REPLY_BYTES: usize = size_of::<Reply>();
