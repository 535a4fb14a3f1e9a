//! The lines of plan that would name what a probe did not find, as they can be pasted below the service's `[[service]]`: with the service's own
//! routes where those are known, and a comment where only a person knows.

use crate::schema::{Auth, Operation, Operations, Purpose};

/// A key of a promise, its value where that is known, and what it means.
pub(crate) type Line = (&'static str, Option<String>, &'static str);

/// A promise of this kind.
pub(crate) fn promise(kind: &str, lines: &[Line]) -> String {
    let mut text = format!("[[service.promise]]\nkind = \"{kind}\"");
    for (key, value, meaning) in lines {
        text.push_str(&match value {
            Some(value) => format!("\n{key} = {}", quoted(value)),
            None => format!("\n# {key} = {meaning}"),
        });
    }
    text
}

/// A session: who logs in, and what succeeds only then.
pub(crate) fn session(operations: &Operations) -> String {
    let asks = |one: &&Operation| one.method == "GET" && matches!(one.auth, Auth::Required(_));
    let check = operations.list.iter().find(asks).map(Operation::label);
    let login = first(operations, &[Purpose::Login]).map(Operation::label);
    promise(
        "session",
        &[
            ("login", login, "\"METHOD /route\" of the request that logs in"),
            ("check", check, "\"GET /route\" of a request that succeeds only after it"),
        ],
    )
}

/// Something that is written and read back.
pub(crate) fn resource(operations: &Operations) -> String {
    let create = first(operations, &[Purpose::Create]);
    let read = create.and_then(|create| {
        let below = format!("{}/{{", create.route().trim_end_matches('/'));
        operations.of(Purpose::Read).find(|one| one.route().starts_with(&below))
    });
    let id = read.map(|_| "json:/id".to_owned());
    promise(
        "resource",
        &[
            ("create", create.map(Operation::label), "\"METHOD /route\" of the request that writes"),
            ("read", read.map(Operation::label), "\"GET /route/{id}\" of the request that reads it back"),
            ("id", id, "\"json:/pointer\" to the id in the answer of the first"),
        ],
    )
}

/// Something that is counted.
pub(crate) fn stock(operations: &Operations) -> String {
    let take = first(operations, &[Purpose::Take]).map(Operation::label);
    promise(
        "stock",
        &[
            ("take", take, "\"METHOD /route\" of the request that uses one up"),
            ("level", None, "\"GET /route\" of the request that says how many are left"),
            ("value", None, "\"json:/pointer\" to that number in its answer"),
        ],
    )
}

fn first<'a>(operations: &'a Operations, purposes: &[Purpose]) -> Option<&'a Operation> {
    purposes.iter().find_map(|purpose| operations.of(*purpose).next())
}

/// A basic string of TOML (1.0.0, "String").
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use seaworthy_core::Plan;
    use seaworthy_core::surface::{Route, Surface};

    use super::*;

    fn shop() -> Operations {
        let route = |method: &str, path: &str| Route {
            method: method.to_owned(),
            path: path.to_owned(),
            handler: None,
            inputs: Vec::new(),
        };
        let routes = vec![route("POST", "/login"), route("POST", "/items"), route("GET", "/items/{id}")];
        Operations::assemble(&[], None, &Surface { routes, ..Surface::default() })
    }

    #[test]
    fn what_is_proposed_is_toml_with_the_services_own_routes() {
        let head = "[[service]]\nname = \"shop\"\n";
        let whole = resource(&shop());
        let plan = Plan::read(&format!("{head}\n{whole}\n"));
        assert!(plan.is_ok_and(|plan| plan.services[0].promises.len() == 1), "{whole}");
        assert!(whole.contains("create = \"POST /items\"\nread = \"GET /items/{id}\""), "{whole}");
        for lines in [session(&shop()), stock(&shop()), session(&Operations::default())] {
            let text = format!("{head}\n{lines}\n");
            assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
            assert!(!text.contains("/.."), "{text}");
        }
        assert!(session(&shop()).contains("login = \"POST /login\""));
    }
}
