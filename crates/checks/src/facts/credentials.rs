//! Credentials that can be known by their form, whatever they are called: what each provider publishes about its tokens.
//!
//! A format with a checksum (GitHub, npm: CRC-32 of the body in base 62, <https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>)
//! is believed only when the checksum is right, so that made-up examples are left alone.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::syntax::Extent;

/// A credential found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// What it is.
    pub format: &'static Format,
    /// Where, as offsets into the text that was searched.
    pub extent: Extent,
}

/// What a provider's credential looks like and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    /// What it is called, with its article: "a Stripe live secret key".
    pub name: &'static str,
    /// How it begins, as a pattern for the first look over a text.
    prefix: &'static str,
    /// The whole of it.
    pattern: &'static str,
    /// Who may see it.
    pub audience: Audience,
    /// Where it is revoked or restricted.
    pub revoke: &'static str,
    /// The provider's own page about it.
    pub source: &'static str,
    check: Check,
}

/// Who may see a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Only servers.
    Secret,
    /// Made for browsers, and harmless only while it is restricted by origin.
    Restricted,
}

/// What tells a real one from one that only looks like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Its randomness.
    Entropy,
    /// CRC-32 of the body in base 62, the last six characters.
    Crc32,
    /// The payload of a JSON Web Token that says it is a secret one.
    ServiceRole,
    /// A private key with key material after its header.
    Pem,
}

const fn secret(
    name: &'static str,
    prefix: &'static str,
    pattern: &'static str,
    revoke: &'static str,
    source: &'static str,
) -> Format {
    Format { name, prefix, pattern, audience: Audience::Secret, revoke, source, check: Check::Entropy }
}

/// Every format that is known.
pub static FORMATS: &[Format] = &[
    secret(
        "an AWS access key id",
        "AKIA|ASIA",
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
        "the IAM console",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ),
    secret(
        "an Anthropic API key",
        "sk-ant-",
        r"\bsk-ant-(?:api|admin)[0-9]{2}-[A-Za-z0-9_-]{80,120}",
        "console.anthropic.com",
        "https://docs.anthropic.com/en/api/overview",
    ),
    Format {
        check: Check::Crc32,
        ..secret(
            "a GitHub token",
            "gh[pousr]_",
            r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
            "github.com/settings/tokens",
            "https://github.blog/engineering/behind-githubs-new-authentication-token-formats/",
        )
    },
    secret(
        "a GitHub fine-grained token",
        "github_pat_",
        r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
        "github.com/settings/tokens",
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
    ),
    secret(
        "a GitLab personal access token",
        "glpat-",
        r"\bglpat-[A-Za-z0-9_-]{20}",
        "the user's access tokens in GitLab",
        "https://docs.gitlab.com/security/tokens/",
    ),
    Format {
        audience: Audience::Restricted,
        ..secret(
            "a Google API key",
            "AIza",
            r"\bAIza[A-Za-z0-9_-]{35}",
            "console.cloud.google.com/apis/credentials",
            "https://cloud.google.com/docs/authentication/api-keys",
        )
    },
    secret(
        "a Google OAuth client secret",
        "GOCSPX-",
        r"\bGOCSPX-[A-Za-z0-9_-]{28}",
        "console.cloud.google.com/apis/credentials",
        "https://developers.google.com/identity/protocols/oauth2",
    ),
    secret(
        "a Hugging Face token",
        "hf_",
        r"\bhf_[A-Za-z]{34}\b",
        "huggingface.co/settings/tokens",
        "https://huggingface.co/docs/hub/security-tokens",
    ),
    Format {
        check: Check::Crc32,
        ..secret(
            "an npm token",
            "npm_",
            r"\bnpm_[A-Za-z0-9]{36}\b",
            "npmjs.com, Access Tokens",
            "https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/",
        )
    },
    secret(
        "an OpenAI API key",
        "sk-",
        r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,120}T3BlbkFJ[A-Za-z0-9_-]{20,120}",
        "platform.openai.com/api-keys",
        "https://platform.openai.com/docs/api-reference/authentication",
    ),
    Format {
        check: Check::Pem,
        ..secret(
            "a private key",
            "-----BEGIN ",
            r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----(?:\\n|[\s\\'+,])*[A-Za-z0-9+/=\\]{40,}",
            "whoever issued its certificate or keeps its public half",
            "https://www.rfc-editor.org/rfc/rfc7468",
        )
    },
    secret(
        "a PyPI upload token",
        "pypi-AgE",
        r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
        "pypi.org/manage/account/token",
        "https://pypi.org/help/#apitoken",
    ),
    secret(
        "a SendGrid API key",
        r"SG\.",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        "app.sendgrid.com/settings/api_keys",
        "https://docs.sendgrid.com/ui/account-and-settings/api-keys",
    ),
    secret(
        "a Shopify access token",
        "shp(?:at|ca|pa|ss)_",
        r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b",
        "the shop's admin, Apps",
        "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens",
    ),
    secret(
        "a Slack token",
        "xox[abeoprs]-",
        r"\bxox[abeoprs]-(?:[0-9]{10,13}-){1,3}[A-Za-z0-9-]{20,}",
        "api.slack.com/apps",
        "https://api.slack.com/authentication/token-types",
    ),
    secret(
        "a Slack webhook address",
        r"hooks\.slack\.com",
        r"https://hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{24}",
        "api.slack.com/apps",
        "https://api.slack.com/messaging/webhooks",
    ),
    secret(
        "a Stripe live secret key",
        "[sr]k_live_",
        r"\b[sr]k_live_[A-Za-z0-9]{20,200}",
        "dashboard.stripe.com/apikeys",
        "https://docs.stripe.com/keys",
    ),
    secret(
        "a Stripe webhook signing secret",
        "whsec_",
        r"\bwhsec_[A-Za-z0-9+/]{32,}",
        "dashboard.stripe.com/webhooks",
        "https://docs.stripe.com/webhooks",
    ),
    Format {
        check: Check::ServiceRole,
        ..secret(
            "a Supabase service-role key",
            "eyJ",
            r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}",
            "the project's API settings in Supabase",
            "https://supabase.com/docs/guides/api/api-keys",
        )
    },
    secret(
        "a Telegram bot token",
        ":AA",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
        "@BotFather",
        "https://core.telegram.org/bots/api#authorizing-your-bot",
    ),
];

static FIRST_LOOK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let prefixes: Vec<_> = FORMATS.iter().map(|format| format.prefix).collect();
    Regex::new(&prefixes.join("|")).ok()
});

static PATTERNS: LazyLock<Vec<(&'static Format, Regex)>> = LazyLock::new(|| {
    // Credentials are ASCII: words by Unicode's rules would put a text with other letters on the slow way.
    let compile = |format: &Format| RegexBuilder::new(format.pattern).unicode(false).build().ok();
    FORMATS.iter().filter_map(|format| Some((format, compile(format)?))).collect()
});

/// Words that say that a value only shows what one looks like.
const EXAMPLE_WORDS: &[&str] = &[
    "example",
    "xxxx",
    "0000000000",
    "1234567890",
    "abcdefgh",
    "placeholder",
    "dummy",
    "redacted",
    "deadbeef",
    "your_",
    "your-",
];

/// The credentials in a text, in order.
pub fn credentials(text: &str) -> Vec<Credential> {
    if !FIRST_LOOK.as_ref().is_none_or(|first_look| first_look.is_match(text)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (format, pattern) in PATTERNS.iter() {
        for hit in pattern.find_iter(text).filter(|hit| format.is_real(hit.as_str())) {
            let (Ok(start), Ok(end)) = (u32::try_from(hit.start()), u32::try_from(hit.end())) else {
                continue;
            };
            found.push(Credential { format, extent: Extent { start, end } });
        }
    }
    found.sort_by_key(|credential| credential.extent);
    found
}

impl Format {
    fn is_real(&self, value: &str) -> bool {
        let lower = value.to_lowercase();
        if EXAMPLE_WORDS.iter().any(|word| lower.contains(word)) {
            return false;
        }
        match self.check {
            Check::Entropy => bits_per_character(value) > 3.0,
            Check::Crc32 => has_crc32(value),
            Check::ServiceRole => claims_service_role(value),
            Check::Pem => true,
        }
    }
}

/// Shannon's entropy of the characters, in bits a character: 0 for one repeated, about 4 for prose and hexadecimal digits,
/// above 4.5 for a long random value.
pub fn bits_per_character(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

/// The first four characters and nothing more: what a message may show of a secret.
pub fn hint(value: &str) -> String {
    // Every key file has the same header; what follows it is the key.
    let value = value
        .rsplit("-----")
        .next()
        .unwrap_or(value)
        .trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    format!("{}…", value.chars().take(4).collect::<String>())
}

fn has_crc32(token: &str) -> bool {
    let Some((_, body)) = token.split_once('_') else { return false };
    let Some((random, checksum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else {
        return false;
    };
    base62(crc32(random.as_bytes())) == checksum
}

/// CRC-32 as in IEEE 802.3, bit by bit: thirty bytes, once in a while.
fn crc32(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = remainder & 1;
            remainder >>= 1;
            if carry == 1 {
                remainder ^= 0xEDB8_8320;
            }
        }
    }
    !remainder
}

/// Six digits, `0-9A-Za-z`.
fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn claims_service_role(token: &str) -> bool {
    let payload = token.split('.').nth(1).and_then(base64url);
    payload.is_some_and(|payload| String::from_utf8_lossy(&payload).contains("\"service_role\""))
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut width) = (0_u32, 0_u32);
    for character in text.bytes() {
        let digit = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from(bits >> width & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn githubs_published_token_has_the_right_checksum_and_a_changed_one_has_not() {
        // From https://github.blog/engineering/behind-githubs-new-authentication-token-formats/, split so that no scanner takes this file for a leak.
        let published = ["ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"].concat();
        assert_eq!(credentials(&published).len(), 1);
        assert!(credentials(&published.replace("zQW", "zQX")).is_empty());
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(PATTERNS.len(), FORMATS.len());
        assert!(FIRST_LOOK.is_some());
    }

    #[test]
    fn crc32_agrees_with_the_published_check_value() {
        // The check value of CRC-32/ISO-HDLC in the RevEng catalogue.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn examples_of_the_providers_own_documentation_are_left_alone() {
        assert!(credentials("AKIAIOSFODNN7EXAMPLE").is_empty());
    }
}
