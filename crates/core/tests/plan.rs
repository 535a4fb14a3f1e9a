//! Plans as people write them, whole and broken.

use seaworthy_core::Plan;
use seaworthy_core::plan::promise::{Place, Promise, Request};
use seaworthy_core::plan::schema::plan_schema;

/// The plan of the design, with every kind of promise added.
const WHOLE: &str = include_str!("whole-plan.toml");

fn problems(text: &str) -> Vec<String> {
    Plan::read(text)
        .map_or_else(|error| error.problems.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[test]
fn the_whole_plan_is_read() {
    let plan = Plan::read(WHOLE).unwrap();
    assert_eq!(plan.project.name.as_deref(), Some("shop"));
    assert_eq!(plan.services[0].promises.len(), 12);
    assert_eq!(plan.modules[0].may_use, Some(vec![]));
    assert_eq!(
        plan.line_of("service[0]"),
        1 + WHOLE.lines().position(|line| line.starts_with("[[service]]")).unwrap() as u32
    );
    let tables = plan.tables();
    for table in [
        "module",
        "flow",
        "errors",
        "contract",
        "critical",
        "service",
        "service.promise",
        "oracle",
        "agent",
        "gate",
    ] {
        assert!(tables.contains_key(table), "{table} of {tables:?}");
    }
}

#[test]
fn what_stands_beside_a_request_goes_into_the_first_writing_one() {
    let plan = Plan::read(WHOLE).unwrap();
    let Promise::Resource(resource) = &plan.services[0].promises[1] else { panic!("a resource") };
    for request in [&resource.create, &resource.update] {
        assert_eq!(request.as_ref().unwrap().table().body.unwrap()["note"], "{value}");
    }
    assert!(matches!(resource.read, Some(Request::Line(_))));
    let Promise::RateLimit(limit) = &plan.services[0].promises[0] else { panic!("a rate limit") };
    assert_eq!(limit.key, Place::Json("/user".to_owned()));
    assert_eq!(limit.request.table().body.unwrap()["user"], "{unique}");
}

#[test]
fn a_wrong_key_is_named_with_its_line_and_the_nearest_right_one() {
    assert_eq!(
        problems("[project]\nname = \"x\"\n\n[[modul]]\nname = \"a\"\n"),
        ["seaworthy.toml:4: `modul`: unknown key; did you mean `module`?"]
    );
    assert_eq!(
        problems("[[service]]\nname = \"a\"\nredy = \"/\"\n\n[[service.promise]]\nkind = \"stok\"\n"),
        [
            "seaworthy.toml:3: `service[0].redy`: unknown key; did you mean `ready`?",
            "seaworthy.toml:5: `service[0].promise[0]`: `stok` is not a kind: one of `resource`, `stock`, `session`, `rate-limit`, `upload`, `secret`, `idempotent`, `calendar`, `calculation`, `invariant`, `page`, `volume`; did you mean `stock`?",
        ]
    );
    assert_eq!(
        problems(
            "[[service]]\nname = \"a\"\n[[service.promise]]\nkind = \"stock\"\ntake = \"POST /b\"\nlevle = \"GET /\"\n"
        ),
        ["seaworthy.toml:6: `service[0].promise[0].levle`: unknown key; did you mean `level`?"]
    );
}

#[test]
fn wrong_types_values_and_forms_are_said_at_their_line() {
    for (text, expected) in [
        (
            "[project]\nname = 3",
            "seaworthy.toml:2: `project.name`: expected a value of type string, found integer",
        ),
        (
            "[gate]\nrequire = \"check\"",
            "seaworthy.toml:2: `gate.require`: expected a value of type array, found string",
        ),
        ("[money]\nrounding = \"half-evn\"", "did you mean `half-even`?"),
        ("[[module]]\npaths = []", "seaworthy.toml:1: `module[0]`: `name` is missing"),
        ("[checks]\nexclude = [\"a[\"]", "seaworthy.toml:2: `checks.exclude[0]`: `a[` is not a glob"),
        (
            "[checks.severity]\nflot-money = \"off\"",
            "`flot-money` is not an identifier; did you mean `float-money`?",
        ),
        ("[gate]\nrequire = [\"chekc\"]", "did you mean `check`?"),
        ("[gate.bound]\nstale-reads = { rate = 0.0, confidence = 1.0 }", "no number of trials reaches this"),
        (
            "[[service]]\nname = \"a\"\n[[service.promise]]\nkind = \"page\"\n",
            "seaworthy.toml:3: `service[0].promise[0]`: `url` is missing",
        ),
        (
            "[[service]]\nname = \"a\"\n[[service.promise]]\nkind = \"volume\"\nrequest = \"get /\"\nper_day = 1",
            "seaworthy.toml:5: `service[0].promise[0].request`: expected `METHOD /route`, found `get /`",
        ),
        (
            "[[service]]\nname = \"a\"\n[[service.promise]]\nkind = \"rate-limit\"\nrequest = \"GET /\"\nkey = \"body:x\"",
            "seaworthy.toml:6: `service[0].promise[0].key`: expected `json:/pointer`",
        ),
        ("[[service]]\nname = \"a\"\ndir = \"../b\"", "leads out of the project"),
        (
            "[[service]]\nname = \"a\"\n[[service]]\nname = \"a\"",
            "seaworthy.toml:4: `service[1].name`: `a` is used twice",
        ),
        ("a = ", "seaworthy.toml:1:"),
        (
            "[[critical]]\nname = \"l\"\nclass = \"payment\"\npaths = []\napprovers = [\"x\"]\nrequired = -1",
            "a whole number of at least 1",
        ),
    ] {
        let found = problems(text).join("\n");
        assert!(found.contains(expected), "{text}\n  gives    {found}\n  expected {expected}");
    }
}

#[test]
fn every_problem_is_reported_at_once_in_the_order_of_lines() {
    let found = problems("[projct]\n[gate]\nbaselin = \"x\"\n[money]\nscale = \"2\"");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("seaworthy.toml:1:") && found[2].starts_with("seaworthy.toml:5:"));
}

#[test]
fn the_schema_describes_every_table_and_refuses_unknown_keys() {
    let schema = plan_schema();
    let tables = schema["properties"].as_object().unwrap();
    for table in [
        "project",
        "module",
        "flow",
        "errors",
        "contract",
        "extension_point",
        "critical",
        "approvers",
        "service",
        "oracle",
        "checks",
        "money",
        "gate",
        "agent",
    ] {
        assert!(tables.contains_key(table), "{table}");
    }
    assert_eq!(schema["additionalProperties"], false);
}
