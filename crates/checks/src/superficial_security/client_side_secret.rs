//! # client-side-secret
//!
//! A key in a script, a page or a bundle is handed to every visitor. The page works, the demo works, and the payment provider is
//! told by whoever opens the developer tools to refund everything. Calling a provider from the browser with a secret key is what a
//! program does that has no server, and what a generator writes when it is asked for "a page that takes payments".
//!
//! ## What is reported
//!
//! - **error**: a secret credential in a provider's format, or a value named for a secret that looks random, in what a browser receives:
//!   pages, scripts below `static`, `public`, `dist`, `assets`, components with `'use client'`, React, Vue and Svelte components; a secret
//!   in a variable that a bundler copies into the page (`NEXT_PUBLIC_…`, `VITE_…`, `REACT_APP_…`);
//! - **note**: a Google browser key: made for pages, and everybody's bill while it is not restricted to your origins.
//!
//! Left alone because they are made to be seen: Stripe `pk_…`, Firebase and Maps settings apart from that note, reCAPTCHA site keys, Sentry
//! DSNs, Mapbox `pk.…`, Supabase's anonymous key, Algolia's search key.
//!
//! ## What to do
//!
//! Revoke the key, then let the server hold the new one and give the page only what this visitor may do:
//!
//! ```js
//! const { clientSecret } = await api("POST", "/api/payments", { order: order.id });   // the server calls the provider
//! ```
//!
//! Source: [CWE-200](https://cwe.mitre.org/data/definitions/200.html), [CWE-798](https://cwe.mitre.org/data/definitions/798.html);
//! [Stripe, API keys](https://docs.stripe.com/keys); [Next.js, environment variables for the
//! browser](https://nextjs.org/docs/app/guides/environment-variables); [Vite, env variables](https://vite.dev/guide/env-and-mode);
//! [Google, API key best practices](https://developers.google.com/maps/api-security-best-practices).

use std::sync::LazyLock;

use rayon::prelude::*;
use regex::Regex;
use seaworthy_core::policy::Need;
use seaworthy_core::{Confidence, FailureMode, RuleId, Severity};

use crate::context::Context;
use crate::facts::credentials::{Audience, credentials, hint};
use crate::facts::plain_text;
use crate::facts::syntax::Extent;
use crate::registry::{Check, Meta, Run};
use crate::report::Report;
use crate::superficial_security::hardcoded_secret::by_name::{
    is_name_of_secret, is_placeholder, looks_random,
};

/// The check.
pub static CHECK: Check = Check {
    meta: Meta {
        id: RuleId::known("client-side-secret"),
        version: 1,
        failure_mode: FailureMode::SuperficialSecurity,
        need: Need::Required,
        title: "a secret in what every visitor receives",
        applies_to: "file that a browser receives",
        variants: &["provider-format", "named-secret", "public-variable", "unrestricted-key"],
        source: include_str!("client_side_secret.rs"),
    },
    run: Run::Project(run),
};

struct Found {
    extent: Extent,
    variant: &'static str,
    severity: Severity,
    message: String,
    name: String,
}

fn run(context: &Context<'_>, report: &mut Report<'_>) {
    let sources: Vec<_> = context
        .files
        .par_iter()
        .filter(|file| !file.is_test)
        .map(|file| {
            let browser = plain_text::is_browser_source(file);
            let mut found = if browser { in_page(&file.text) } else { Vec::new() };
            found.extend(public_variables(&file.text));
            (file, browser, found)
        })
        .collect();
    for (file, browser, found) in sources {
        if browser {
            report.trial();
        }
        for secret in found {
            let draft = report.at(file, secret.extent, secret.message.clone());
            add(report, draft, &file.path, secret);
        }
    }
    let texts: Vec<_> = plain_text::entries(context)
        .into_par_iter()
        .filter_map(|entry| {
            let text = plain_text::text(context, entry)?;
            let browser = plain_text::is_for_browser(&entry.path, &text);
            let mut found = if browser { in_page(&text) } else { Vec::new() };
            found.extend(public_variables(&text));
            (browser || !found.is_empty()).then_some((entry, text, found))
        })
        .collect();
    for (entry, text, found) in texts {
        report.trial();
        for secret in found {
            let draft = report.at_text(&entry.path, &text, secret.extent, secret.message.clone());
            add(report, draft, &entry.path, secret);
        }
    }
}

fn add(report: &mut Report<'_>, draft: crate::report::Draft, path: &str, secret: Found) {
    let severity =
        if plain_text::is_example(path) { secret.severity.min(Severity::Warning) } else { secret.severity };
    let advice = if secret.variant == "unrestricted-key" {
        "restrict it to your origins and to the APIs that the page uses, at console.cloud.google.com/apis/credentials"
    } else {
        "revoke it at the provider; keep the new one on the server, and let the page ask the server"
    };
    let confidence = if severity == Severity::Note { Confidence::Medium } else { Confidence::High };
    report.add(
        draft
            .variant(secret.variant)
            .severity(severity)
            .confidence(confidence)
            .identified_by(secret.name)
            .advice(advice),
    );
}

/// Secrets in a page, script or component, whatever the language around them.
fn in_page(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = credentials(text)
        .into_iter()
        .map(|credential| {
            let value = text.get(credential.extent.start as usize..credential.extent.end as usize).unwrap_or_default();
            let name = credential.format.name;
            let (variant, severity, message) = match credential.format.audience {
                Audience::Secret => {
                    let message = format!("{name} (`{}`) is sent to every visitor: revoke it at {}", hint(value), credential.format.revoke);
                    ("provider-format", Severity::Error, message)
                }
                Audience::Restricted => {
                    let message = format!("{name} (`{}`) is made for pages, and anybody may use it on your account unless it is restricted to your origins", hint(value));
                    ("unrestricted-key", Severity::Note, message)
                }
            };
            Found { extent: credential.extent, variant, severity, message, name: name.to_owned() }
        })
        .collect();
    found.extend(named_secrets(text));
    found.sort_by_key(|secret| (secret.extent.start, secret.variant != "provider-format"));
    found.dedup_by(|later, earlier| later.extent.start < earlier.extent.end);
    found
}

/// `apiSecret: "…"`, `const PAYMENT_KEY = '…'`, `Authorization: "Bearer …"`: by pattern, since pages mix languages.
fn named_secrets(text: &str) -> Vec<Found> {
    static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // By bytes of ASCII: a text with other letters would be searched ten times slower.
        Regex::new(r#"(?-u:\b)([A-Za-z_$][0-9A-Za-z_$-]{2,60})["']?[ \t\r\n]*[:=][ \t\r\n]*["'`](?:Bearer |Basic |Token )?([A-Za-z0-9+/=_.~!@#%^&*-]{12,512})["'`]"#).ok()
    });
    let Some(pattern) = NAMED.as_ref() else { return Vec::new() };
    let hits = pattern.captures_iter(text).filter_map(|hit| {
        let (name, value) = (hit.get(1)?.as_str(), hit.get(2)?);
        let named = is_name_of_secret(name) && !is_made_to_be_seen(name, value.as_str());
        let sent = name.eq_ignore_ascii_case("authorization");
        if !(named || sent) || !looks_random(value.as_str()) {
            return None;
        }
        Some(Found {
            extent: Extent {
                start: u32::try_from(value.start()).ok()?,
                end: u32::try_from(value.end()).ok()?,
            },
            variant: "named-secret",
            severity: Severity::Error,
            message: format!("`{name}` (`{}`) is sent to every visitor", hint(value.as_str())),
            name: name.to_owned(),
        })
    });
    hits.collect()
}

/// Keys that identify a page to a provider and allow nothing by themselves.
fn is_made_to_be_seen(name: &str, value: &str) -> bool {
    const SEEN: &[&str] = &[
        "AIza",
        "pk_",
        "pk.",
        "6L",
        "sntrys",
        "phc_",
        "G-",
        "UA-",
        "rzp_",
        "sb_publishable_",
        "eyJ",
        "test_",
        "APP_USR",
    ];
    let lower = name.to_lowercase();
    SEEN.iter().any(|start| value.starts_with(start))
        || ["public", "publishable", "site", "anon", "client_id", "search", "maps", "firebase", "measurement", "csrf", "nonce", "integrity"].iter().any(|word| lower.contains(word))
        // Firebase's and Algolia's settings call it `apiKey`.
        || lower == "apikey"
}

/// A secret in a variable that bundlers copy into the page.
fn public_variables(text: &str) -> Vec<Found> {
    static PUBLIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?-u:\b)((?:NEXT_PUBLIC|VITE|REACT_APP|EXPO_PUBLIC|NUXT_PUBLIC|GATSBY|PUBLIC)_[A-Z0-9_]*(?:SECRET|PASSWORD|PRIVATE_KEY|SERVICE_ROLE|SERVICE_KEY)[A-Z0-9_]*)(?-u:\b)(?:[ \t]*=[ \t]*["']?([^\s"'=]{8,}))?"#).ok()
    });
    let Some(pattern) = PUBLIC.as_ref() else { return Vec::new() };
    if !["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "EXPO_PUBLIC_", "NUXT_PUBLIC_", "GATSBY_", "PUBLIC_"]
        .iter()
        .any(|prefix| text.contains(prefix))
    {
        return Vec::new();
    }
    let mut seen = std::collections::HashSet::new();
    let hits = pattern.captures_iter(text).filter_map(|hit| {
        let (name, value) = (hit.get(1)?, hit.get(2));
        let read = text.get(..name.start()).is_some_and(|before| before.ends_with("process.env.") || before.ends_with("import.meta.env."));
        let set = value.is_some_and(|value| !is_placeholder(value.as_str()));
        if !(read || set) || !seen.insert(name.as_str().to_owned()) {
            return None;
        }
        Some(Found {
            extent: Extent { start: u32::try_from(name.start()).ok()?, end: u32::try_from(name.end()).ok()? },
            variant: "public-variable",
            severity: Severity::Error,
            message: format!("`{}` is named for a secret, and the bundler copies every variable with this prefix into what visitors receive", name.as_str()),
            name: name.as_str().to_owned(),
        })
    });
    hits.collect()
}
