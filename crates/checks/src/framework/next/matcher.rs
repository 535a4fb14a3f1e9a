//! What the matcher of a middleware says of a path (<https://nextjs.org/docs/app/api-reference/file-conventions/proxy#matcher>), in the
//! spelling of path-to-regexp 6 (<https://github.com/pillarjs/path-to-regexp/tree/v6.3.0>).

use std::collections::HashSet;

use regex::bytes::Regex;

use super::super::path::{self, group_end};

/// The paths that a middleware is asked for.
#[derive(Debug)]
pub(super) struct Matcher(Vec<Part>);

/// A part of a path from a slash on, or all of the rest.
#[derive(Debug)]
struct Part {
    what: What,
    times: Times,
}

#[derive(Debug)]
enum What {
    /// One segment; any when there is no expression.
    Segment(Option<Regex>),
    /// All segments from here on together.
    Rest {
        whole: Regex,
        /// What stands before the look ahead, and what must not come there.
        but: Option<(Regex, Vec<Regex>)>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    OnceOrNever,
    Often,
    OftenOrNever,
}

/// A letter, a value or a group of a pattern, and how often it may come.
#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    what: Written<'t>,
    times: Times,
}

#[derive(Debug, Clone, Copy)]
enum Written<'t> {
    Letter(char),
    /// `:name`
    Value,
    /// What stands between the brackets of `(..)`, `:name(..)`.
    Group(&'t str),
}

impl Matcher {
    /// Reads it; `None` when it is not understood.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut left = text.strip_prefix('/')?;
        let mut parts = Vec::new();
        while !left.is_empty() {
            let end = segment_end(left)?;
            let tokens = tokens(left.get(..end)?)?;
            if tokens.iter().any(|token| token.may_cross()) {
                parts.push(Part::rest(&self::tokens(left)?)?);
                break;
            }
            parts.push(Part::segment(&tokens)?);
            left = left.get(end..)?.trim_start_matches('/');
        }
        Some(Self(parts))
    }

    /// Whether every path may be meant, but for those that are named.
    pub(super) fn is_whole(&self) -> bool {
        match self.0.as_slice() {
            [Part { what: What::Rest { whole, .. }, .. }] => whole.is_match(b"") && whole.is_match(b"x/1"),
            [Part { what: What::Segment(None), times: Times::Often | Times::OftenOrNever }] => true,
            _ => false,
        }
    }

    /// Whether a path is meant, for some of its values at least.
    pub(super) fn matches(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        fits(&self.0, &parts, true, &mut HashSet::new())
    }
}

/// Whether what is wanted and what there is fit. `tried` has how much of both was left where they did not: it is not tried twice.
fn fits(wanted: &[Part], parts: &[&str], is_first: bool, tried: &mut HashSet<(usize, usize, bool)>) -> bool {
    let Some((first, others)) = wanted.split_first() else { return parts.is_empty() };
    if !tried.insert((wanted.len(), parts.len(), is_first)) {
        return false;
    }
    let may_lack = matches!(first.times, Times::OnceOrNever | Times::OftenOrNever);
    match &first.what {
        // The slash before it has to be there.
        What::Rest { .. } if parts.is_empty() && !is_first => may_lack,
        What::Rest { whole, but } => path::SAMPLES.iter().any(|sample| {
            let rest = path::filled(&parts.join("/"), sample);
            whole.is_match(rest.as_bytes()) && !but.as_ref().is_some_and(|but| is_left_out(but, &rest))
        }),
        What::Segment(expression) => {
            let taken = parts.split_first().is_some_and(|(part, left)| {
                let is_one = part.starts_with('{')
                    || expression.as_ref().is_none_or(|expression| expression.is_match(part.as_bytes()));
                let again = matches!(first.times, Times::Often | Times::OftenOrNever);
                is_one && (fits(others, left, false, tried) || again && fits(wanted, left, false, tried))
            });
            taken || may_lack && fits(others, parts, is_first, tried)
        }
    }
}

fn is_left_out((before, words): &(Regex, Vec<Regex>), rest: &str) -> bool {
    let after = before.find(rest.as_bytes()).and_then(|found| rest.as_bytes().get(found.end()..));
    after.is_some_and(|after| words.iter().any(|word| word.is_match(after)))
}

impl Part {
    fn segment(tokens: &[Token<'_>]) -> Option<Self> {
        if let [Token { what: Written::Value, times }] = tokens {
            return Some(Self { what: What::Segment(None), times: *times });
        }
        // The slash is repeated with it: `/:lang(en|de)*`.
        let (tokens, times) = match tokens {
            [Token { what, times }] => (vec![Token { what: *what, times: Times::Once }], *times),
            _ => (tokens.to_vec(), Times::Once),
        };
        let expression = path::expression(&format!("^(?:{})$", expression_of(&tokens)), "i")?;
        Some(Self { what: What::Segment(Some(expression)), times })
    }

    fn rest(tokens: &[Token<'_>]) -> Option<Self> {
        let whole = path::expression(&format!("^(?:{})$", expression_of(tokens)), "i")?;
        let ahead = tokens.iter().enumerate().find_map(|(at, token)| Some((at, token.ahead()?.0)));
        let but = match ahead {
            Some((at, refused)) => {
                let before = expression_of(tokens.get(..at)?);
                Some((path::expression(&format!("^(?:{before})"), "i")?, words(refused)?))
            }
            None => None,
        };
        let times = match tokens {
            [one] => one.times,
            _ => Times::Once,
        };
        Some(Self { what: What::Rest { whole, but }, times })
    }
}

impl<'t> Token<'t> {
    /// Whether it may be about more than one segment.
    fn may_cross(&self) -> bool {
        matches!(self.what, Written::Group(inner) if inner.contains(['.', '/', '!']))
    }

    /// What a group must not begin with, and what follows that in it: `(?!api|_next).*`.
    fn ahead(&self) -> Option<(&'t str, &'t str)> {
        let Written::Group(inner) = self.what else { return None };
        let end = group_end(inner).filter(|_| inner.starts_with("(?!"))?;
        Some((inner.get(3..end)?, inner.get(end + 1..)?))
    }
}

/// The tokens of a pattern; `None` for what Next.js has no use for.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let (mut found, mut left) = (Vec::new(), text);
    while let Some(first) = left.chars().next() {
        let after = left.get(first.len_utf8()..)?;
        let what;
        (what, left) = match first {
            '{' | '}' | ')' => return None,
            '(' => {
                let end = group_end(left)?;
                (Written::Group(left.get(1..end)?), left.get(end + 1..)?)
            }
            ':' => {
                let named = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
                match group_end(named).filter(|_| named.starts_with('(')) {
                    Some(end) => (Written::Group(named.get(1..end)?), named.get(end + 1..)?),
                    None => (Written::Value, named),
                }
            }
            '\\' => {
                let escaped = after.chars().next()?;
                (Written::Letter(escaped), after.get(escaped.len_utf8()..)?)
            }
            letter => (Written::Letter(letter), after),
        };
        let times = match left.chars().next() {
            Some('?') => Times::OnceOrNever,
            Some('+') => Times::Often,
            Some('*') => Times::OftenOrNever,
            _ => Times::Once,
        };
        left = left.get(usize::from(times != Times::Once)..)?;
        found.push(Token { what, times });
    }
    Some(found)
}

/// The same as a regular expression, without what must not come.
fn expression_of(tokens: &[Token<'_>]) -> String {
    let mut found = String::new();
    for token in tokens {
        let inner = match token.what {
            Written::Letter(letter) => regex::escape(letter.encode_utf8(&mut [0; 4])),
            Written::Value => "[^/]+".to_owned(),
            Written::Group(inner) => token.ahead().map_or(inner, |(_, after)| after).to_owned(),
        };
        let times = match token.times {
            Times::Once => "",
            Times::OnceOrNever => "?",
            Times::Often => "+",
            Times::OftenOrNever => "*",
        };
        found.push_str(&format!("(?:{inner}){times}"));
    }
    found
}

/// The alternatives of what must not come. What is refused unless something else follows is taken to be refused: `js(?!on)`.
fn words(refused: &str) -> Option<Vec<Regex>> {
    alternatives(refused)
        .map(|word| path::expression(&format!("^(?:{})", without_ahead(word)), "i"))
        .collect()
}

fn alternatives(text: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut escaped) = (0_u32, false);
    text.split(move |c| {
        let is_between = c == '|' && depth == 0 && !escaped;
        match c {
            _ if escaped => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        is_between
    })
}

fn without_ahead(word: &str) -> String {
    let mut left = word.to_owned();
    while let Some(at) = left.find("(?!") {
        let end = left.get(at..).and_then(group_end).map_or(left.len(), |end| at + end + 1);
        left.replace_range(at..end, "");
    }
    left
}

/// Where the segment that a pattern begins with ends: at a slash outside of brackets.
fn segment_end(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(first) = text.get(at..)?.chars().next() {
        match first {
            '/' => return Some(at),
            '(' => at += group_end(text.get(at..)?)? + 1,
            _ => at += first.len_utf8(),
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::Matcher;

    fn matches(matcher: &str, path: &str) -> bool {
        Matcher::of(matcher).unwrap().matches(path)
    }

    #[test]
    fn stars_take_no_more_time_than_there_are_parts() {
        let stars: String = (0..26).map(|n| format!("/:a{n}*")).collect();
        assert!(!matches(&format!("{stars}/zz"), &"/a".repeat(26)));
        assert!(matches(&format!("{stars}/zz"), &format!("{}/zz", "/a".repeat(26))));
    }

    /// The examples of the documentation.
    #[test]
    fn matchers_match_as_documented() {
        assert!(matches("/about", "/about") && !matches("/about", "/about/team"));
        assert!(matches("/about/:path*", "/about") && matches("/about/:path*", "/about/a/b"));
        assert!(matches("/about/:path", "/about/a") && !matches("/about/:path", "/about/a/c"));
        assert!(matches("/about/:path?", "/about") && !matches("/about/:path?", "/about/a/c"));
        assert!(!matches("/about/:path+", "/about") && matches("/about/:path+", "/about/a"));
        assert!(matches("/about/(.*)", "/about/a/b") && !matches("/about/(.*)", "/other"));
        assert!(!matches("/about/(.*)", "/about") && matches("/(.*)", "/"));
        let but = "/((?!api|_next/static|_next/image|favicon.ico|sitemap.xml|robots.txt).*)";
        assert!(!matches(but, "/api/users") && matches(but, "/dashboard") && matches(but, "/"));
    }

    #[test]
    fn groups_are_about_what_they_say() {
        let alternatives = "/(dashboard|settings)/:path*";
        assert!(matches(alternatives, "/settings/mail") && !matches(alternatives, "/api/products/{id}"));
        let digits = "/api/:id(\\d+)";
        assert!(matches(digits, "/api/{id}") && matches(digits, "/api/7"));
        assert!(!matches(digits, "/x") && !matches(digits, "/api/list"));
        let prefixes = "/(api|trpc)(.*)";
        assert!(matches(prefixes, "/api/notes/{id}") && !matches(prefixes, "/notes"));
        let files = "/((?!_next|[^?]*\\.(?:html?|css|js(?!on)|jpe?g|webp|csv)).*)";
        assert!(matches(files, "/csv/{id}") && !matches(files, "/a/b.css") && !matches(files, "/_next/x"));
        let some = "/((?!api/(?:auth|webhooks)|login$).*)";
        assert!(matches(some, "/api/notes/{id}") && !matches(some, "/api/auth/session"));
        assert!(!matches(some, "/login") && matches(some, "/login/again"));
        assert!(matches("/:lang(en|de)?/admin", "/admin") && !matches("/:lang(en|de)?/admin", "/fr/admin"));
        let below = "/dashboard/((?!public).*)";
        assert!(matches(below, "/dashboard/notes") && !matches(below, "/dashboard/public/x"));
    }

    #[test]
    fn what_is_asked_for_everything_is_told_from_the_rest() {
        let is_whole = |matcher: &str| Matcher::of(matcher).unwrap().is_whole();
        assert!(is_whole("/((?!api|_next).*)") && is_whole("/:path*") && is_whole("/(.*)"));
        assert!(!is_whole("/(api|trpc)(.*)") && !is_whole("/api/:path*") && !is_whole("/:id"));
        assert!(Matcher::of("about").is_none() && Matcher::of("/{a}").is_none());
        assert!(Matcher::of("/(a").is_none());
    }
}
