//! What a value is for, by where it goes.

use seaworthy_core::Severity;

use super::generator::Generator;
use crate::facts::destination::{Destination, Way};
use crate::facts::words::words;

/// What a value is for.
pub(super) struct Purpose {
    /// With its name: "the session id `sid`".
    pub(super) what: String,
    /// How much it matters.
    pub(super) severity: Severity,
    /// Whether it has to be new more than secret.
    pub(super) is_nonce: bool,
}

/// Words beside that of a secret which make of it something about one: when it ends, how many there are, what it costs.
const ABOUT: &[&str] = &[
    "exp",
    "expires",
    "expire",
    "expiry",
    "expiration",
    "expired",
    "at",
    "time",
    "timestamp",
    "created",
    "issued",
    "iat",
    "ttl",
    "age",
    "last",
    "until",
    "valid",
    "updated",
    "used",
    "count",
    "counts",
    "num",
    "max",
    "min",
    "limit",
    "length",
    "len",
    "size",
    "index",
    "type",
    "price",
    "budget",
    "usage",
    "cost",
    "rate",
    "start",
    "end",
    "next",
    "special",
    "mask",
    "pad",
    "date",
    "duration",
    "delay",
    "bucket",
    "tokenizer",
    "expected",
    "since",
    "interval",
    "refresh_at",
    "attempts",
    "sort",
    "prompt",
    "completion",
    "vocab",
    "position",
    "field",
    "name",
    "label",
    "column",
    "window",
    "before",
    "after",
    "seen",
    "probability",
    "probs",
    "logits",
    "color",
    "emoji",
    "display",
    "activity",
    "started",
    "refreshed",
    "rotated",
    "lifetime",
    "milliseconds",
    "ms",
    "seconds",
    "minutes",
    "hours",
    "days",
];

/// What lets its bearer in.
const TOKEN: &str = "the token";

/// What a value at this place is for; `None` when nothing depends on nobody's knowing it.
pub(super) fn purpose(place: &Destination, all: &[Destination], made: &Generator) -> Option<Purpose> {
    let shown = place.name.split_whitespace().next().unwrap_or_default();
    if place.way == Way::Credential {
        // A clock says when somebody was here; its value is not what lets them in.
        return (made.variant != "clock").then(|| Purpose {
            what: format!("what a caller's cookie or header is compared with (`{shown}`)"),
            severity: Severity::Error,
            is_nonce: false,
        });
    }
    let words = words(&place.name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| ABOUT.contains(word)) || is_verb(place, &words) {
        return None;
    }
    let (what, severity) = kind(&words, place.way).or_else(|| code(&words, all))?;
    // Parsers, locks and models of language have tokens, too.
    if place.way == Way::Named && what == TOKEN && is_given_back_alone(all) {
        return None;
    }
    // The time is written beside everything; a secret is only what is made of nothing else.
    if made.variant == "clock"
        && (place.way != Way::Named && place.way != Way::Returned || severity != Severity::Error)
    {
        return None;
    }
    let is_nonce = what == "the nonce" && severity == Severity::Warning;
    Some(Purpose { what: format!("{what} `{shown}`"), severity, is_nonce })
}

/// Whether all that becomes of a value is that functions give it back whose names say nothing of who is let in.
fn is_given_back_alone(all: &[Destination]) -> bool {
    let says_nothing = |place: &Destination| {
        let words = words(&place.name);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.iter().any(|word| ABOUT.contains(word)) || kind(&words, Way::Cookie).is_none()
    };
    let mut given_back = false;
    all.iter().filter(|place| place.way != Way::Named).all(|place| {
        given_back = true;
        place.way == Way::Returned && says_nothing(place)
    }) && given_back
}

/// Whether a function's name says that it does something with a secret, and not that it makes one.
fn is_verb(place: &Destination, words: &[&str]) -> bool {
    const DOES: &[&str] = &[
        "check", "verify", "validate", "is", "has", "get", "find", "load", "read", "count", "list", "parse",
        "refresh", "revoke", "delete", "remove", "update", "set", "save", "store", "send", "login", "clean",
        "cleanup", "purge", "mask", "hash",
    ];
    place.way == Way::Returned && words.first().is_some_and(|first| DOES.contains(first))
}

fn kind(words: &[&str], way: Way) -> Option<(&'static str, Severity)> {
    let has = |sought: &[&str]| words.iter().any(|word| sought.contains(word));
    let last = words.last().copied().unwrap_or_default();
    let error = |what| Some((what, Severity::Error));
    if has(&["token", "jwt", "authtoken", "accesstoken", "resettoken"]) {
        return error(TOKEN);
    }
    if has(&["csrf", "xsrf"]) || has(&["csp"]) && has(&["nonce"]) {
        return error("the nonce");
    }
    if has(&["nonce"]) {
        return Some(("the nonce", Severity::Warning));
    }
    if has(&["sessionid", "sid", "sessid", "jsessionid", "sessionkey"])
        || has(&["session"]) && matches!(last, "id" | "key" | "secret")
        || has(&["session", "sessions", "remember", "rememberme", "auth"]) && way == Way::Cookie
        || has(&["rememberme"])
        || has(&["remember"]) && matches!(last, "me")
    {
        return error("the session id");
    }
    if has(&["password", "passwd", "passphrase", "passcode", "pwd"]) {
        return error("the password");
    }
    if has(&["otp", "totp", "pin", "pincode", "2fa", "mfa"]) && !has(&["pinned", "map"]) {
        return error("the one-time code");
    }
    if has(&["secret", "apikey", "apitoken"])
        || last == "key"
            && has(&[
                "api",
                "access",
                "private",
                "encryption",
                "signing",
                "secret",
                "license",
                "licence",
                "activation",
            ])
    {
        return error("the key");
    }
    if last == "salt" {
        return Some(("the salt", Severity::Warning));
    }
    if last == "iv" || words == ["initialization", "vector"] {
        return Some(("the initialisation vector", Severity::Warning));
    }
    None
}

/// A code: what it opens is said by its own name, or by what else it becomes.
fn code(words: &[&str], all: &[Destination]) -> Option<(&'static str, Severity)> {
    if !words.iter().any(|word| matches!(*word, "code" | "codes" | "link")) {
        return None;
    }
    let others: Vec<String> = all
        .iter()
        .filter(|place| matches!(place.way, Way::Returned | Way::Field | Way::Named))
        .flat_map(|place| crate::facts::words::words(&place.name))
        .collect();
    let says = |list: &[&str]| {
        words.iter().any(|word| list.contains(word))
            || others.iter().any(|word| list.contains(&word.as_str()))
    };
    if says(&[
        "verification",
        "verify",
        "reset",
        "otp",
        "login",
        "confirmation",
        "activation",
        "2fa",
        "mfa",
        "auth",
        "recovery",
        "magic",
        "password",
        "security",
    ]) {
        return Some(("the code", Severity::Error));
    }
    if says(&["invite", "invitation", "voucher", "gift", "coupon", "redeem"]) {
        return Some(("the code", Severity::Warning));
    }
    None
}
