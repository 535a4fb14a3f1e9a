//! Exit codes: an interface, decided in one place, the same for every command and format.

use std::process::ExitCode;

use seaworthy_core::Verdict;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing holds, and nothing required is missing.
    Clear,
    /// 1: something is broken.
    Hold,
    /// 2: the call or the configuration is wrong.
    Usage,
    /// 3: nothing is known to be broken, but something required could not be told.
    Unknown,
    /// 4: the record cannot be trusted.
    Untrusted,
    /// 70: a defect of ours (`EX_SOFTWARE` of sysexits.h).
    Bug,
}

impl Exit {
    /// All of them with their meaning, for the documentation.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Clear, "clear: everything required was measured and held"),
        (Self::Hold, "hold: something is broken"),
        (Self::Usage, "usage or configuration: the call or `seaworthy.toml` is wrong"),
        (Self::Unknown, "unknown: nothing is known to be broken, but something required could not be told"),
        (Self::Untrusted, "the record cannot be trusted"),
        (Self::Bug, "a defect of Seaworthy's own"),
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Hold => 1,
            Self::Usage => 2,
            Self::Unknown => 3,
            Self::Untrusted => 4,
            Self::Bug => 70,
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clear => Self::Clear,
            Verdict::Hold => Self::Hold,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
