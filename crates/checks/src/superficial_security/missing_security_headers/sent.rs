//! Which of the headers something sets: a package, the program itself, or what stands in front of it.

use crate::context::Context;
use crate::facts::nodes::{Node, each_node};
use crate::facts::plain_text;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Expr, ExprKind};
use crate::language::Language;

/// Packages that set them all unless told otherwise.
const PACKAGES: &[&str] = &[
    "helmet",
    "@fastify/helmet",
    "fastify-helmet",
    "koa-helmet",
    "flask_talisman",
    "talisman",
    "secure",
    "secweb",
    "Secweb",
    "lusca",
    "flask_security_headers",
    "nuxt-security",
];

/// Which headers are set somewhere.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// `X-Content-Type-Options`.
    pub(super) nosniff: bool,
    /// `Content-Security-Policy` or `X-Frame-Options`.
    pub(super) framing: bool,
}

impl Sent {
    fn note(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase().replace('_', "-");
        self.nosniff |= lower.contains("x-content-type-options");
        self.framing |= lower.contains("content-security-policy")
            && !lower.contains("content-security-policy-report-only")
            || lower.contains("x-frame-options");
    }
}

/// What is set for the answers of these files.
pub(super) fn sent(context: &Context<'_>, files: &[&SourceFile]) -> Sent {
    let mut sent = Sent::default();
    let has_package = files.iter().flat_map(|file| &file.imports).any(|fact| {
        let module = &fact.import.module;
        let first = if module.starts_with('@') {
            module
        } else {
            module.split(['.', '/', ':']).next().unwrap_or(module)
        };
        fact.import.level == 0 && PACKAGES.contains(&first)
    });
    if has_package {
        return Sent { nosniff: true, framing: true };
    }
    // A middleware of the project may be in a file that no import leads to.
    for file in context.files.iter().filter(|file| !file.is_test && says_one(&file.text)) {
        each_node(&file.syntax, &mut |node, _| {
            match node {
                Node::Expr(Expr { kind: ExprKind::Name(name) | ExprKind::Member { name, .. }, .. }) => {
                    sent.note(name)
                }
                Node::Expr(expr) => {
                    if let Some(text) = expr.string().filter(|text| text.len() < 200) {
                        sent.note(text);
                        django(file, text, &mut sent);
                    }
                }
                _ => {}
            }
            true
        });
    }
    if !(sent.nosniff && sent.framing) {
        in_front(context, &mut sent);
    }
    sent
}

/// A cheap first look.
fn says_one(text: &str) -> bool {
    ["ontent-", "ONTENT-", "ONTENT_", "rame-", "FRAME_", "FRAME-", "SecurityMiddleware", "XFrameOptions"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Django's two middlewares, which a new project has.
fn django(file: &SourceFile, text: &str, sent: &mut Sent) {
    if file.language == Language::Python {
        sent.nosniff |= text == "django.middleware.security.SecurityMiddleware";
        sent.framing |= text == "django.middleware.clickjacking.XFrameOptionsMiddleware"
            || text.ends_with(".CSPMiddleware")
            || text.ends_with(".ContentSecurityPolicyMiddleware");
    }
}

/// The settings of a proxy or a host: nginx, Traefik, Kubernetes, Netlify, Vercel, Firebase.
fn in_front(context: &Context<'_>, sent: &mut Sent) {
    let is_front = |path: &str| {
        let lower = path.to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit('.').next().unwrap_or_default();
        let hosts = ["vercel.json", "firebase.json", "serve.json", "staticwebapp.config.json", "now.json"];
        (matches!(ending, "conf" | "yaml" | "yml" | "tf" | "toml" | "cfg") || hosts.contains(&name))
            && !matches!(
                name,
                "pnpm-lock.yaml" | "openapi.yaml" | "openapi.yml" | "pyproject.toml" | "cargo.toml"
            )
            && !plain_text::is_example(path)
    };
    for entry in plain_text::entries(context).into_iter().filter(|entry| is_front(&entry.path)) {
        if let Some(text) = plain_text::text(context, entry) {
            let live = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
            live.for_each(|line| sent.note(line));
        }
    }
    // `_headers` of Netlify and Cloudflare Pages, and a Caddyfile, have no ending.
    for entry in context.tree.entries() {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        if matches!(name, "_headers" | "Caddyfile")
            && let Some(text) = plain_text::text(context, entry)
        {
            sent.note(&text);
        }
    }
}
