//! Malformed requests around the body: query, path, headers, methods, and what is broken below HTTP's semantics.

use super::{Challenge, Class, FIELDS, Form, Maker};
use crate::schema::{Payload, Place};

impl Maker<'_> {
    pub(super) fn query(&mut self) {
        let operation = self.operation;
        let named = operation.parameters.iter().filter(|one| one.place == Place::Query);
        for parameter in named.take(FIELDS) {
            let name = parameter.name.as_str();
            let long = "a".repeat(6_000);
            for (what, values) in [
                ("twice", &["1", "2"][..]),
                ("empty", &[""]),
                ("text", &["abc"]),
                ("-1", &["-1"]),
                ("0", &["0"]),
                ("1.5", &["1.5"]),
                ("a huge number", &["99999999999999999999"]),
                ("NUL", &["\0"]),
                ("NaN", &["NaN"]),
                ("quotes and wildcards", &["'\"%_*\\("]),
                ("6,000 characters", &[long.as_str()]),
                ("1e999", &["1e999"]),
            ] {
                let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
                self.call(Class::Query, format!("query parameter `{name}` {what}"), Some(name), |call| {
                    call.query.retain(|(own, _)| own != name);
                    call.query.extend(values.into_iter().map(|value| (name.to_owned(), value)));
                });
            }
            for (what, key) in [("a list", format!("{name}[]")), ("an object", format!("{name}[a]"))] {
                self.call(Class::Query, format!("query parameter `{name}` as {what}"), Some(name), |call| {
                    call.query.retain(|(own, _)| own != name);
                    call.query.push((key, "1".to_owned()));
                });
            }
            for (what, text) in [("broken percent-encoding", "%zz%"), ("invalid UTF-8", "%ff%c0%80")] {
                let addition = format!("{name}={text}");
                self.request(Class::Query, &format!("query parameter `{name}` in {what}"), |request| {
                    let path = request.path().to_owned();
                    request.target = format!("{path}?{addition}");
                });
            }
            if parameter.required {
                self.call(Class::Missing, format!("no query parameter `{name}`"), Some(name), |call| {
                    call.query.retain(|(own, _)| own != name)
                });
            }
        }
        self.request(Class::Query, "a query string of odd characters", |request| {
            let path = request.path().to_owned();
            request.target = format!("{path}?%zz&&=&a&__proto__[x]=1&a=1&a=2");
        });
    }

    pub(super) fn path(&mut self) {
        for (name, _) in self.control.path.clone() {
            // Past what CPython turns into a number (4,300 digits since 3.11).
            let long = "9".repeat(5_000);
            for value in [
                "0",
                "-1",
                "99999999999999999999",
                "abc",
                "1.5",
                "NaN",
                "null",
                "undefined",
                "__proto__",
                "\0",
                "'\"%",
                " ",
                "💀",
                long.as_str(),
                "00000000-0000-0000-0000-000000000000",
            ] {
                let shown = if value.len() > 60 { "5,000 digits".to_owned() } else { format!("{value:?}") };
                self.call(
                    Class::PathValue,
                    format!("`{name}` in the path as {shown}"),
                    Some(&name),
                    |call| {
                        call.path
                            .iter_mut()
                            .filter(|(own, _)| *own == name)
                            .for_each(|(_, own)| *own = value.to_owned());
                    },
                );
            }
            for (what, text) in [
                ("invalid UTF-8", "%ff%c0"),
                ("broken percent-encoding", "%zz"),
                ("an encoded slash", "..%2f..%2fetc"),
            ] {
                let mut call = self.control.clone();
                const MARK: &str = "seaworthy-mark";
                call.path
                    .iter_mut()
                    .filter(|(own, _)| *own == name)
                    .for_each(|(_, own)| *own = MARK.to_owned());
                let target = call.target().replace(MARK, text);
                self.request(Class::PathValue, &format!("`{name}` in the path as {what}"), |request| {
                    request.target = target
                });
            }
        }
    }

    pub(super) fn headers(&mut self) {
        let signs =
            self.visitor.session.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if signs {
            for value in [
                "Bearer",
                "Bearer ",
                "Bearer a.b.c",
                "Bearer \u{e9}\u{e9}.e30.e30",
                "Basic !!!",
                "Basic Og==",
                "x",
                "Bearer eyJhbGciOiJub25lIn0.e30.",
            ] {
                self.request(Class::Header, &format!("Authorization: {value}"), |request| {
                    request.set_header("Authorization", value)
                });
            }
        }
        if self.visitor.session.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
            for value in ["=", "session", "session=%%%;;=;", "session=\"", "session=eyJ.a.b"] {
                self.request(Class::Header, &format!("Cookie: {value}"), |request| {
                    request.set_header("Cookie", value)
                });
            }
        }
        for (name, value) in [
            ("Accept", "no/such;q=x"),
            ("Accept-Language", "\u{e9},,;"),
            ("Range", "bytes=9-1"),
            ("If-Modified-Since", "yesterday"),
            ("X-Forwarded-For", "not an address, \u{e9}"),
            ("Accept-Encoding", "no-such"),
            ("Idempotency-Key", ""),
            ("Content-Encoding", "gzip"),
        ] {
            if name == "Content-Encoding" && matches!(self.control.payload, Payload::None) {
                continue;
            }
            self.request(Class::Header, &format!("{name}: {value}"), |request| {
                request.set_header(name, value)
            });
        }
    }

    pub(super) fn methods(&mut self) {
        for method in ["OPTIONS", "PROPFIND", "SEAWORTHY"] {
            self.request(Class::Method, &format!("method {method}"), |request| {
                request.method = method.to_owned();
                request.body.clear();
                request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            });
        }
    }

    /// Framing and encoding: the server's part, so once a service is enough.
    pub(super) fn wire(&mut self) {
        let host = self.visitor.client().host().to_owned();
        let (method, target) = (self.control.method.clone(), self.control.target());
        let oversized = "a".repeat(70_000);
        let many: String = (0..300).map(|n| format!("X-{n}: {n}\r\n")).collect();
        let usual = format!("{method} {target} HTTP/1.1");
        let json = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
        // What is broken, the request line, header lines (`Host` comes before them), the body.
        let broken: [(&str, String, String, &str); 14] = [
            ("Content-Length: abc", usual.clone(), "Content-Length: abc\r\n".into(), ""),
            ("Content-Length: -1", usual.clone(), "Content-Length: -1\r\n".into(), ""),
            ("two lengths", usual.clone(), "Content-Length: 2\r\nContent-Length: 3\r\n".into(), "{}"),
            ("a broken chunk size", usual.clone(), json.into(), "zz\r\n{}\r\n0\r\n\r\n"),
            ("a chunked body", usual.clone(), json.into(), "2;x=y\r\n{}\r\n0\r\n\r\n"),
            ("a second Host", usual.clone(), "Host: seaworthy\r\nContent-Length: 0\r\n".into(), ""),
            ("version HTTP/9.9", format!("{method} {target} HTTP/9.9"), "Content-Length: 0\r\n".into(), ""),
            (
                "an absolute target",
                format!("{method} http://{host}{target} HTTP/1.1"),
                "Content-Length: 0\r\n".into(),
                "",
            ),
            ("a target that is none", format!("{method} * HTTP/1.1"), "Content-Length: 0\r\n".into(), ""),
            (
                "a header of 70,000 bytes",
                usual.clone(),
                format!("X-Long: {oversized}\r\nContent-Length: 0\r\n"),
                "",
            ),
            ("300 headers", usual.clone(), format!("{many}Content-Length: 0\r\n"), ""),
            (
                "a target of 70,000 bytes",
                format!("{method} {target}?a={oversized} HTTP/1.1"),
                "Content-Length: 0\r\n".into(),
                "",
            ),
            ("a header without a colon", usual.clone(), "no colon\r\nContent-Length: 0\r\n".into(), ""),
            ("a NUL in a header", usual.clone(), "X-Nul: a\0b\r\nContent-Length: 0\r\n".into(), ""),
        ];
        let framed = broken.map(|(what, line, fields, body)| {
            (what, format!("{line}\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n{body}"))
        });
        let unframed = [
            ("no Host", format!("{usual}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")),
            ("no version", format!("{method} {target}\r\n\r\n")),
            ("bytes that are no HTTP", "\u{1}\u{2}seaworthy\r\n\r\n".to_owned()),
        ];
        for (what, text) in framed.into_iter().chain(unframed) {
            let form = Form::Bytes(text.into_bytes());
            let what = what.to_owned();
            self.list.push(Challenge { class: Class::Wire, what, field: None, form, refused: false });
        }
    }
}
