//! What something from outside may do harm in.

/// A kind of harm: one sink, one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// A statement of SQL.
    Query,
    /// A command line.
    Command,
    /// Code, or a template that is code.
    Code,
    /// The path of a file.
    Path,
    /// A page.
    Markup,
    /// A line of a log.
    Log,
    /// Where the server sends a request.
    Request,
    /// Where the browser is sent.
    Redirect,
    /// Bytes that become objects.
    Objects,
    /// XML whose entities are followed.
    Entities,
    /// A regular expression.
    Pattern,
    /// A filter or a name of LDAP.
    Directory,
    /// An expression of XPath.
    Selector,
    /// What the program believes of whoever is logged in.
    Session,
    /// The text that a regular expression is tried on.
    Subject,
}

/// A set of kinds of harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Risks(u16);

impl Risks {
    /// Every kind.
    pub(super) const ALL: Self = Self(0x7fff);
    /// None.
    pub(super) const NONE: Self = Self(0);

    /// These.
    pub(super) const fn of(risks: &[Risk]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < risks.len() {
            bits |= 1 << risks[at] as u16;
            at += 1;
        }
        Self(bits)
    }

    /// Whether one is among them.
    pub(super) const fn has(self, risk: Risk) -> bool {
        self.0 & (1 << risk as u16) != 0
    }

    /// Whether there is none.
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Without those of the other.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those of both.
    pub(super) const fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// With those of the other.
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
