//! Requests as shell lines that a person can type: `curl` for what it can send, `printf | nc` for what it cannot.

use super::request::Request;

/// Header fields that curl makes itself.
const CURLS_OWN: [&str; 4] = ["host", "user-agent", "accept", "content-length"];

/// The request as one `curl` line against `$URL` (scheme, host and port). `options` go before it, such as `-o /dev/null`.
pub fn curl(request: &Request, options: &str) -> String {
    let mut words = vec!["curl -sS --http1.1".to_owned()];
    if !options.is_empty() {
        words.push(options.to_owned());
    }
    match request.method.as_str() {
        "GET" if request.body.is_empty() => {}
        "HEAD" => words.push("--head".to_owned()),
        method => words.push(format!("-X {}", quoted(method))),
    }
    for (name, value) in
        request.headers.iter().filter(|(name, _)| !CURLS_OWN.contains(&name.to_ascii_lowercase().as_str()))
    {
        // An empty value needs a semicolon: with a colon curl takes the field away.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.push(format!("-H {}", long_text(&field).unwrap_or_else(|| text(&field))));
    }
    if !request.body.is_empty() {
        if request.header_value("content-type").is_none() {
            words.push("-H 'Content-Type;'".to_owned());
        }
        words.push(match std::str::from_utf8(&request.body) {
            // curl reads the file named after an `@`.
            Ok(body) if fits_a_word(&request.body) && !body.starts_with('@') && long_text(body).is_none() => {
                format!("--data-binary {}", quoted(body))
            }
            _ => "--data-binary @-".to_owned(),
        });
    }
    // curl would resolve `..` and take brackets and braces for patterns.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/?&=%:@+,;".contains(&byte);
    let target = &request.target;
    if target.contains("/.") {
        words.push("--path-as-is".to_owned());
    }
    let named = holds_name(target);
    if !named && target.bytes().any(|byte| b"[]{}".contains(&byte)) {
        words.push("--globoff".to_owned());
    }
    if let Some(long) = long_text(target) {
        words.push(format!("\"$URL\"{long}"));
    } else if target.bytes().all(plain)
        || (named && target.bytes().all(|byte| plain(byte) || b"${}".contains(&byte)))
    {
        words.push(format!("\"$URL{target}\""));
    } else {
        words.push(format!("\"$URL\"{}", quoted(target)));
    }
    let line = words.join(" ");
    if line.contains("--data-binary @-") { format!("{} | {line}", printed(&request.body)) } else { line }
}

/// Bytes as one `printf | nc` line against `$URL`.
pub fn raw(bytes: &[u8]) -> String {
    format!("{} | nc -w 5 $(echo \"${{URL#http://}}\" | tr : ' ') | head -c 2000", printed(bytes))
}

/// A text as one word of a POSIX shell.
pub fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/=:@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A text that holds `${name}`, which the shell is meant to replace, stays in double quotes; everything else is quoted whole.
fn text(value: &str) -> String {
    if holds_name(value) && !value.contains(['`', '"', '\\']) {
        format!("\"{value}\"")
    } else {
        quoted(value)
    }
}

/// Whether a text holds `${name}`.
pub(crate) fn holds_name(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| text.get(at..).is_some_and(begins_name))
}

/// Whether a text begins with `${name}`.
pub(crate) fn begins_name(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// From how many equal bytes on they are made by the shell: nobody reads a text of 100,000 letters.
const LONG_RUN: usize = 500;

/// Bytes in parts: long runs of one byte, and what stands between them.
fn runs(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut rest, mut at) = (bytes, 0);
    while let Some(byte) = rest.get(at) {
        let run = rest.iter().skip(at).take_while(|one| *one == byte).count();
        if run >= LONG_RUN && byte.is_ascii_graphic() {
            let (before, from) = rest.split_at(at);
            let (long, after) = from.split_at(run);
            parts.extend([before, long].into_iter().filter(|part| !part.is_empty()));
            (rest, at) = (after, 0);
        } else {
            at += run;
        }
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest);
    }
    parts
}

/// What prints a long run, when it is one.
fn long_run(part: &[u8]) -> Option<String> {
    let byte = part.first().filter(|first| part.len() >= LONG_RUN && part.iter().all(|one| one == *first))?;
    Some(format!("head -c {} /dev/zero | tr '\\0' {}", part.len(), quoted(&char::from(*byte).to_string())))
}

/// A command that prints bytes.
fn printed(bytes: &[u8]) -> String {
    let parts = runs(bytes);
    let each =
        parts.iter().map(|part| long_run(part).unwrap_or_else(|| format!("printf {}", format_of(part))));
    match parts.len() {
        1 => each.collect(),
        _ => format!("{{ {}; }}", each.collect::<Vec<_>>().join("; ")),
    }
}

/// A text as one word, its long runs made by the shell; `None` when it has none.
fn long_text(text: &str) -> Option<String> {
    let parts = runs(text.as_bytes());
    if parts.iter().all(|part| long_run(part).is_none()) {
        return None;
    }
    let word = |part: &&[u8]| match long_run(part) {
        Some(printed) => format!("\"$({printed})\""),
        None => quoted(&String::from_utf8_lossy(part)),
    };
    Some(parts.iter().map(word).collect())
}

/// Whether bytes can stand in a shell word: no NUL, and nothing but text.
fn fits_a_word(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'))
}

/// Bytes as the format of `printf`: octal is what every printf knows (POSIX).
fn format_of(bytes: &[u8]) -> String {
    let mut format = String::from("'");
    for byte in bytes {
        match byte {
            b'\r' => format.push_str(r"\r"),
            b'\n' => format.push_str(r"\n"),
            b'%' => format.push_str("%%"),
            b'\\' => format.push_str(r"\\"),
            b'\'' => format.push_str(r"'\''"),
            0x20..=0x7e => format.push(char::from(*byte)),
            other => format.push_str(&format!("\\{other:03o}")),
        }
    }
    format + "'"
}
