//! The steps of a replay as lines for a plain POSIX shell with `curl`, so that a person sees it with their own eyes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use seaworthy_core::plan::promise::Place;

use super::{Crash, Message, Replay, Send, Step};
use crate::http::shell::{begins_name, curl, holds_name, raw};

/// What stands around the steps: what makes `$URL` answer, and what ends that again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AroundLines {
    /// Before the steps.
    pub before: Vec<String>,
    /// After them.
    pub after: Vec<String>,
}

/// Rounds of what does not show in every one. One digit each, which takes the place of a letter in the names that must be new.
const ROUNDS: usize = 9;

/// The lines: what makes `$URL` answer, the state, the requests, what ends it all, what to see.
pub fn lines(replay: &Replay, around: AroundLines) -> Vec<String> {
    let AroundLines { before: mut lines, after } = around;
    let in_rounds = replay.steps.iter().any(|step| matches!(step, Step::Together { .. }));
    let replay = &if in_rounds { renewed_by_round(replay) } else { replay.clone() };
    // The replay's performer makes these; in a shell they are variables, and a counter makes them fresh.
    if serde_json::to_string(&replay.steps).is_ok_and(|texts| texts.contains("${user}")) {
        lines.push("n=0; user=sw$$x$(date +%s)".to_owned());
    } else {
        lines.push("n=0".to_owned());
    }
    if in_rounds {
        lines.push(format!("for round in $(seq {ROUNDS}); do"));
    }
    let mut steps = replay.steps.iter().peekable();
    while let Some(step) = steps.next() {
        let mut times = 1;
        while is_told_by_status(step) && steps.next_if(|next| *next == step).is_some() {
            times += 1;
        }
        match step {
            Step::Send(send) if times > 1 => lines.push(repeated_line(send, times)),
            Step::Send(send) => {
                // A challenge reads what the step before wrote.
                let keep = send.challenge && lines.iter().any(|line| line == FRESH);
                lines.extend(send_lines(send, keep));
            }
            Step::Together { requests, .. } => lines.push(together_line(requests)),
            // A replay repeats a round that does not always show it; a person repeats the lines.
            Step::Crash(_) if lines.iter().any(|line| line.contains("$WRITER") || line.contains("$LOAD")) => {
            }
            Step::Crash(crash) if crash.kill => lines.extend(crash_lines(crash)),
            Step::Crash(crash) => lines.extend(load_lines(crash)),
            Step::Restart { .. } => lines.push("kill -9 $PID; wait $PID 2>/dev/null; start".to_owned()),
        }
    }
    if in_rounds {
        lines.push("done".to_owned());
    }
    lines.extend(after);
    lines.push(format!("# {}", replay.see));
    lines.retain(|line| line != "n=0" || lines_use_counter(replay));
    lines
}

fn lines_use_counter(replay: &Replay) -> bool {
    let texts = serde_json::to_string(&replay.steps).unwrap_or_default();
    texts.contains("${unique}") || texts.contains("${value}") || texts.contains("${n}")
}

/// How often the writers of a load write in lines.
const LOAD_ROUNDS: usize = 20;

/// Makes the fresh values that a message mentions.
const FRESH: &str = "n=$((n+1)); unique=swu$$x$(date +%s)n$n; value=swv$$x$(date +%s)n$n";

/// Shows the whole answer, and ends its last line.
const SHOWN: &str = "-i -w '\\n'";

/// The same, and how long it took.
const TIMED: &str = "-i -w '\\nafter %{time_total} s\\n'";

fn send_lines(send: &Send, keep: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let named = |line: String| {
        if send.on == 0 { line } else { line.replace("$URL", &format!("$URL{}", send.on + 1)) }
    };
    if !keep && send.request.mentions_fresh() {
        lines.push(FRESH.to_owned());
    }
    if let Some(bytes) = send.request.raw_bytes() {
        lines.push(named(raw(&bytes)));
        return lines;
    }
    if send.save.is_empty() {
        let is_timed = send.expect.as_ref().is_some_and(|expect| expect.within_ms.is_some());
        lines.push(named(filled_by_shell(&send.request, if is_timed { TIMED } else { SHOWN })));
        return lines;
    }
    let line = named(filled_by_shell(&send.request, "-i"));
    lines.push(format!("answer=$({line})"));
    lines.extend(send.save.iter().filter_map(|(name, place)| save_line(name, place)));
    lines
}

/// Whether no more than the status of the answer to a step is of use: nothing is saved or asked of it.
fn is_told_by_status(step: &Step) -> bool {
    matches!(step, Step::Send(send) if send.save.is_empty() && send.expect.is_none() && send.request.raw_base64.is_empty())
}

/// The same step so many times, each with fresh values; how often each status came.
fn repeated_line(send: &Send, times: usize) -> String {
    let line = filled_by_shell(&send.request, "-o /dev/null -w '%{http_code}\\n'");
    let fresh = if send.request.mentions_fresh() { format!("{FRESH}; ") } else { String::new() };
    format!("for i in $(seq {times}); do {fresh}{line}; done | sort | uniq -c")
}

/// The request as a curl line in which the shell fills in the names.
fn filled_by_shell(message: &Message, options: &str) -> String {
    unquoted(&curl(&message.request(&BTreeMap::new()), options))
}

/// Takes a value out of `$answer`, with nothing but what POSIX has. The first field of that name, wherever it is.
fn save_line(name: &str, place: &Place) -> Option<String> {
    Some(match place {
        Place::Json(pointer) => {
            let field = pointer.rsplit('/').next().filter(|field| !field.is_empty())?;
            let field = field.replace("~1", "/").replace("~0", "~");
            format!(
                "{name}=$(printf '%s' \"$answer\" | grep -o '\"{field}\" *: *\"\\{{0,1\\}}[^\",}}]*' | head -n 1 | sed 's/^\"{field}\" *: *\"\\{{0,1\\}}//')"
            )
        }
        Place::Header(header) if header.eq_ignore_ascii_case("location") => {
            format!(
                "{name}=$(printf '%s' \"$answer\" | tr -d '\\r' | sed -n 's/^[Ll]ocation: *.*\\///p' | head -n 1)"
            )
        }
        Place::Header(header) => {
            format!(
                "{name}=$(printf '%s' \"$answer\" | tr -d '\\r' | grep -i '^{header}:' | head -n 1 | sed 's/^[^:]*: *//')"
            )
        }
        Place::Cookie(cookie) => {
            format!(
                "{name}=$(printf '%s' \"$answer\" | grep -io '^set-cookie: *{cookie}=[^;]*' | head -n 1 | sed 's/^[^=]*=//' | tr -d '\\r')"
            )
        }
        _ => return None,
    })
}

/// One curl each in the background, as near to one moment as a shell gets.
fn together_line(messages: &[Message]) -> String {
    let statuses = "-o /dev/null -w '%{http_code}\\n'";
    let requests: Vec<String> = messages.iter().map(|message| filled_by_shell(message, statuses)).collect();
    let same = requests.first().filter(|first| requests.iter().all(|one| one == *first));
    let sent = match (same, messages.first()) {
        (Some(one), Some(message)) => match many(message, messages.len(), statuses) {
            Some(one) => one,
            None => format!("{{ for i in $(seq {}); do {one} & done; wait; }}", requests.len()),
        },
        _ => {
            let each: Vec<String> = requests.iter().map(|one| format!("{one} &")).collect();
            format!("{{ {} wait; }}", each.join(" "))
        }
    };
    format!("{sent} | sort | uniq -c")
}

/// The same request `count` times by one curl, which is nearer to one moment than as many programs: a pattern in the URL's fragment makes
/// them, and a fragment is not sent (RFC 9110, 7.1). `None` where the request is no plain line.
fn many(message: &Message, count: usize, options: &str) -> Option<String> {
    let line = filled_by_shell(message, &format!("-Z --parallel-immediate --parallel-max {count} {options}"));
    let plain = !line.contains("--globoff") && !line.starts_with("printf") && !line.starts_with('{');
    let before =
        line.strip_suffix('"').filter(|_| plain && !message.target.contains(['[', ']', '{', '}', '#']))?;
    Some(format!("{before}#[1-{count}]\""))
}

/// Texts that must be new get the round's number into them.
fn renewed_by_round(replay: &Replay) -> Replay {
    let mut replay = replay.clone();
    let Some(unique) = UNIQUE.as_ref() else { return replay };
    let renew = |message: &mut Message| {
        let new = |text: &str| unique.replace_all(text, "${head}$${round}${number}").into_owned();
        message.target = new(&message.target);
        message.body = new(&message.body);
        message.headers.iter_mut().for_each(|(_, value)| *value = new(value));
    };
    for step in &mut replay.steps {
        match step {
            Step::Send(send) => renew(&mut send.request),
            Step::Together { requests, .. } => requests.iter_mut().for_each(renew),
            Step::Crash(_) | Step::Restart { .. } => {}
        }
    }
    replay
}

/// What [`crate::schema::Fresh::unique`] makes: all but its last letter, and its number.
static UNIQUE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<head>sw[a-z]{5})[a-z](?P<number>\d+)").ok());

/// Writes in the background, kills in the midst of it, starts again, reads the last acknowledged one.
fn crash_lines(crash: &Crash) -> Vec<String> {
    let write = filled_by_shell(&crash.write, "-i -f");
    let mut lines = vec![
        format!(
            "( for i in $(seq 500); do {FRESH}; answer=$({write}) || break; printf '%s' \"$answer\" >\"$COPY.answer\"; echo \"value=$value unique=$unique\" >\"$COPY.names\"; done ) 2>/dev/null & WRITER=$!"
        ),
        "sleep 1; kill -9 $PID; wait $PID $WRITER 2>/dev/null".to_owned(),
        "answer=$(cat \"$COPY.answer\"); . \"$COPY.names\"; printf '%s\\n' \"$answer\"".to_owned(),
    ];
    lines.extend(crash.save.iter().filter_map(|(name, place)| save_line(name, place)));
    lines.push("start".to_owned());
    lines.extend(crash.before_reading.iter().flat_map(|step| send_lines(step, true)));
    lines.push(filled_by_shell(&crash.read, SHOWN));
    lines
}

/// Writes in the background, several at one time, and then reads back what was acknowledged; how much is there, and how much is gone.
fn load_lines(crash: &Crash) -> Vec<String> {
    let write = filled_by_shell(&crash.write, "-i -f");
    let saved = crash.save.iter().filter_map(|(name, place)| save_line(name, place));
    let saved: String = saved.map(|line| format!("{line}; ")).collect();
    let is_there = match &crash.expect.contains {
        Some(_) => format!("{} | grep -qF -- \"$value\"", filled_by_shell(&crash.read, "")),
        None => filled_by_shell(&crash.read, "-f -o /dev/null"),
    };
    vec![
        format!(
            "LOAD=$(mktemp -d); for i in $(seq {LOAD_ROUNDS}); do for w in $(seq {}); do {FRESH}; ( answer=$({write}) && printf '%s' \"$answer\" >\"$LOAD/$n\" && echo \"value=$value unique=$unique\" >\"$LOAD/$n.names\" ) 2>/dev/null & done; wait; done",
            crash.writers
        ),
        format!(
            "for names in \"$LOAD\"/*.names; do . \"$names\"; answer=$(cat \"${{names%.names}}\"); {saved}if {is_there} 2>/dev/null; then echo there; else echo gone; fi; done | sort | uniq -c"
        ),
        "rm -r \"$LOAD\"".to_owned(),
    ]
}

/// Single-quoted words that hold `${name}` become double-quoted, so that the shell fills them in.
fn unquoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\'') {
        out.push_str(before);
        // `\'` between two quoted parts is a quote itself.
        if before.ends_with('\\') {
            out.push('\'');
            rest = after;
            continue;
        }
        let Some((inner, after)) = after.split_once('\'') else {
            out.push('\'');
            rest = after;
            break;
        };
        if holds_name(inner) {
            let escaped = inner.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\`");
            out.push_str(&format!("\"{}\"", dollars(&escaped)));
        } else {
            out.push_str(&format!("'{inner}'"));
        }
        rest = after;
    }
    out + rest
}

/// Escapes every `$` that does not begin one of our names.
fn dollars(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if character == '$' && !text.get(at..).is_some_and(begins_name) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_left_to_the_shell_and_nothing_else_is() {
        let request = crate::http::Request {
            method: "POST".to_owned(),
            target: "/a/${id}".to_owned(),
            headers: vec![("Authorization".to_owned(), "Bearer ${token}".to_owned())],
            body: br#"{"it's":"$5 `x` ${value}","${jndi:x}":1}"#.to_vec(),
        };
        let line = filled_by_shell(&Message::of(&request), "");
        assert_eq!(
            line,
            r#"curl -sS --http1.1 -X POST -H "Authorization: Bearer ${token}" -H 'Content-Type;' --data-binary '{"it'\'"s\":\"\$5 \`x\` ${value}\",\"\${jndi:x}\":1}" "$URL/a/${id}""#
        );
    }
}
