//! Reading OpenAPI documents, telling purposes, and making values: what is generated is judged by the `jsonschema` crate, not by us.
#![expect(
    clippy::unwrap_used,
    reason = "clippy allows it in tests, yet not in the helpers of an integration test"
)]

use seaworthy_core::NotChecked;
use seaworthy_core::surface::{Input, InputKind, InputPlace, Route, Surface};
use seaworthy_trial::schema::{
    Auth, Call, Fresh, Known, Operations, Origin, Payload, Purpose, ReadError, Scheme, Style, Types, read,
};
use serde_json::{Value, json};

fn document(paths: Value, components: Value) -> Vec<u8> {
    json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, "components": components}).to_string().into_bytes()
}

fn body_of(schema: &Value, components: &Value) -> Vec<u8> {
    document(
        json!({"/x": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}}}),
        components.clone(),
    )
}

#[test]
fn generated_values_are_valid_by_an_independent_validator() {
    let components = json!({"schemas": {
        "Node": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}},
        "Base": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": ["a", "b"]}}},
    }});
    let schemas = [
        json!({"type": "string", "minLength": 5, "maxLength": 8}),
        json!({"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}),
        json!({"type": "string", "format": "email"}),
        json!({"type": "string", "format": "uuid"}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": "string", "format": "date"}),
        json!({"type": "string", "format": "ipv4"}),
        json!({"type": "integer", "minimum": 10, "maximum": 12}),
        json!({"type": "integer", "exclusiveMinimum": 10, "exclusiveMaximum": 12}),
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        json!({"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 100}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": true}),
        json!({"type": "array", "items": {"enum": ["x", "y", "z"]}, "minItems": 2, "uniqueItems": true}),
        json!({"type": ["string", "null"]}),
        json!({"const": 42}),
        json!({"enum": [null, "x"]}),
        json!({"$ref": "#/components/schemas/Node"}),
        json!({"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 3}}}]}),
        json!({"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}, "additionalProperties": false}, {"type": "string"}]}),
        json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}, "anyOf": [{"required": ["x"]}, {"required": ["y"]}]}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1}),
        json!({"type": "object", "required": ["email", "username", "password", "price", "quantity"], "properties": {
            "email": {"type": "string", "format": "email"}, "username": {"type": "string", "maxLength": 12}, "password": {"type": "string", "minLength": 8},
            "price": {"type": "number", "minimum": 0}, "quantity": {"type": "integer", "minimum": 1}, "note": {"type": "string"}}}),
    ];
    for schema in schemas {
        let bytes = body_of(&schema, &components);
        let read = read(&bytes).unwrap();
        assert_eq!(read.not_read, [], "{schema}");
        let mut whole = schema.clone();
        whole["components"] = components.clone();
        let judge = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
        for (seed, style) in (0..30)
            .flat_map(|seed| [Style::Examples, Style::Required, Style::Full].map(|style| (seed, style)))
        {
            let known = Known::default();
            let call = Call::valid(&read.operations[0], &mut Fresh::new(seed), &known, style);
            let again = Call::valid(&read.operations[0], &mut Fresh::new(seed), &known, style);
            assert_eq!(call, again, "the same seed gives the same call");
            let Payload::Json(value) = call.payload else { panic!("{schema} gives no JSON") };
            assert!(judge.is_valid(&value), "{value} for {schema} ({style:?})");
        }
    }
}

#[test]
fn recursive_broken_and_external_references_are_said_and_the_rest_is_used() {
    let bytes = document(
        json!({
            "/loop": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loop"}}}}}},
            "/gone": {"post": {"requestBody": {"$ref": "#/components/requestBodies/Gone"}}},
            "/far": {"get": {"parameters": [{"name": "q", "in": "query", "schema": {"$ref": "other.yaml#/Q"}}, {"in": "query"}]}},
            "/odd": {"get": 7, "post": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "no-such"}}}}}, "parameters": "x"}},
            "no-slash": {"get": {}},
            "/fine/{id}": {"get": {"responses": {"200": {"description": "ok"}}}},
        }),
        json!({"schemas": {"Loop": {"$ref": "#/components/schemas/Loop"}}}),
    );
    let read = read(&bytes).unwrap();
    let labels: Vec<String> = read.operations.iter().map(ToString::to_string).collect();
    assert_eq!(labels, ["GET /far", "GET /fine/{id}", "POST /gone", "POST /loop", "POST /odd"]);
    let said: Vec<&str> = read.not_read.iter().map(|note| note.what.as_str()).collect();
    for part in ["requestBodies/Gone", "other.yaml#/Q", "a parameter of GET /far", "GET /odd", "no-slash"] {
        assert!(said.iter().any(|what| what.contains(part)), "{part} is not among {said:?}");
    }
    assert!(!read.is_whole());
}

#[test]
fn what_is_no_document_is_refused() {
    assert!(matches!(read(b"[]"), Err(ReadError::NotOpenApi { .. })));
    assert!(matches!(read(b"{\"hello\": 1}"), Err(ReadError::NotOpenApi { .. })));
    assert!(matches!(read(b"<html></html>"), Err(ReadError::NotOpenApi { .. } | ReadError::Syntax { .. })));
    assert!(matches!(read(b""), Err(ReadError::NotOpenApi { .. })));
    assert!(matches!(read(b"openapi: 3.0.0\n"), Err(ReadError::NotOpenApi { .. })));
}

#[test]
fn an_exponential_schema_is_cut_and_said() {
    // Each level holds the next ten times, and alternatives on top: 10^20 schemas when unfolded.
    let mut schemas = serde_json::Map::new();
    for level in 0..20 {
        let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
        let properties: serde_json::Map<String, Value> =
            (0..10).map(|at| (format!("p{at}"), next.clone())).collect();
        schemas.insert(format!("L{level}"), json!({"properties": properties, "oneOf": [next.clone(), next.clone()], "anyOf": [next.clone(), next]}));
    }
    schemas.insert("L20".to_owned(), json!({"type": "string"}));
    let bytes = body_of(&json!({"$ref": "#/components/schemas/L0"}), &json!({"schemas": schemas}));
    let read = read(&bytes).unwrap();
    assert!(read.not_read.iter().any(|note| note.why.contains("unfolds")), "{:?}", read.not_read);
    let _ = Call::valid(&read.operations[0], &mut Fresh::new(1), &Known::default(), Style::Full);
}

#[test]
fn swagger_2_is_read_as_far_as_it_maps() {
    let yaml = b"
swagger: '2.0'
basePath: /v1
securityDefinitions: {key: {type: apiKey, in: header, name: X-Key}}
security: [{key: []}]
paths:
  /pets/{petId}:
    parameters: [{name: petId, in: path, required: true, type: integer, minimum: 5}]
    get: {responses: {200: {schema: {type: object, properties: {id: {type: integer}}}}}}
  /pets:
    post:
      parameters: [{name: pet, in: body, schema: {type: object, required: [name], properties: {name: {type: string}}}}]
      responses: {201: {description: made}}
  /photo:
    post:
      parameters: [{name: picture, in: formData, type: file}, {name: title, in: formData, type: string, required: true}]
";
    let read = read(yaml).unwrap();
    let find = |label: &str| read.operations.iter().find(|operation| operation.label() == label).unwrap();
    let get = find("GET /v1/pets/{petId}");
    assert_eq!(get.parameters[0].schema.minimum, Some(5.0));
    assert_eq!(
        get.auth,
        Auth::Required(vec![Scheme::Key(seaworthy_trial::schema::Place::Header, "X-Key".to_owned())])
    );
    assert_eq!(get.success().unwrap().property("id").unwrap().types, Types::INTEGER);
    assert!(find("POST /v1/pets").body.as_ref().unwrap().is_json());
    assert!(find("POST /v1/photo").body.as_ref().unwrap().is_multipart());
    assert!(read.not_read.iter().any(|note| note.why.contains("Swagger 2.0")));
}

fn shop() -> Operations {
    let user = json!({"type": "object", "required": ["username", "password"], "properties": {"username": {"type": "string"}, "password": {"type": "string"}}});
    let json_body = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
    let object = json!({"type": "object", "properties": {}});
    let bytes = document(
        json!({
            "/register": {"post": {"requestBody": json_body(user.clone())}},
            "/api/users": {"post": {"requestBody": json_body(user.clone())}, "get": {}},
            "/login": {"post": {"requestBody": json_body(user)}},
            "/logout": {"post": {}},
            "/items": {"get": {}, "post": {"requestBody": json_body(object.clone())}},
            "/items/{id}": {"get": {}, "put": {"requestBody": json_body(object.clone())}, "delete": {}},
            "/items/{id}/buy": {"post": {"requestBody": json_body(object.clone())}},
            "/checkout": {"post": {"requestBody": json_body(object.clone())}},
            "/orders": {"post": {"requestBody": json_body(object.clone())}},
            "/reset": {"post": {}},
            "/password-reset": {"post": {"requestBody": json_body(object)}},
            "/search": {"get": {"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]}},
            "/me": {"get": {}},
            "/avatar": {"put": {"requestBody": {"content": {"multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}}}}}},
        }),
        json!({}),
    );
    Operations::assemble(&[], Some(&read(&bytes).unwrap()), &Surface::default())
}

#[test]
fn purposes_are_told_from_method_path_and_schema() {
    let shop = shop();
    let expected = [
        ("POST", "/register", Purpose::Register),
        ("POST", "/api/users", Purpose::Register),
        ("GET", "/api/users", Purpose::List),
        ("POST", "/login", Purpose::Login),
        ("POST", "/logout", Purpose::Logout),
        ("GET", "/items", Purpose::List),
        ("POST", "/items", Purpose::Create),
        ("GET", "/items/{id}", Purpose::Read),
        ("PUT", "/items/{id}", Purpose::Update),
        ("DELETE", "/items/{id}", Purpose::Delete),
        ("POST", "/items/{id}/buy", Purpose::Take),
        ("POST", "/checkout", Purpose::Take),
        ("POST", "/orders", Purpose::Create),
        ("POST", "/reset", Purpose::Reset),
        ("GET", "/search", Purpose::Search),
        ("GET", "/me", Purpose::Read),
        ("PUT", "/avatar", Purpose::Upload),
        ("POST", "/password-reset", Purpose::Create),
    ];
    for (method, route, purpose) in expected {
        assert_eq!(shop.find(method, route).unwrap().purpose, purpose, "{method} {route}");
    }
    assert!(shop.complete);
    let first = shop.list.first().unwrap().purpose;
    assert_eq!((first, shop.list.last().unwrap().purpose), (Purpose::Register, Purpose::Logout));
}

#[test]
fn calls_use_ids_that_answers_told_and_the_known_user() {
    let shop = shop();
    let mut known = Known::about(&shop.list);
    let mut fresh = Fresh::new(3);
    known.learn("/items", &json!([{"id": 17, "name": "x"}]));
    known.credentials = Some(fresh.credentials());
    let buy = Call::valid(shop.find("POST", "/items/{id}/buy").unwrap(), &mut fresh, &known, Style::Full);
    assert_eq!(buy.target(), "/items/17/buy");
    let login = Call::valid(shop.find("POST", "/login").unwrap(), &mut fresh, &known, Style::Full);
    let user = known.credentials.unwrap();
    assert_eq!(login.payload, Payload::Json(json!({"username": user.username, "password": user.password})));
}

#[test]
fn promises_come_before_the_document_and_that_before_the_source() {
    let plan = "[[service]]\nname = \"s\"\nstart = [\"x\"]\n[[service.promise]]\nkind = \"stock\"\ntake = \"POST /grab/{id}\"\nlevel = \"GET /left\"\nvalue = \"json:/left\"\nreset = \"POST /fill\"\ninitial = 1\nbody = { n = 2, who = \"{unique}\" }\n";
    let plan = seaworthy_core::Plan::read(plan).unwrap();
    let bytes = document(
        json!({"/grab/{key}": {"post": {"operationId": "grabIt", "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}}}}}}}),
        json!({}),
    );
    let route = |method: &str, path: &str, inputs: Vec<Input>| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        handler: None,
        inputs,
    };
    let input = Input {
        name: "size".to_owned(),
        place: InputPlace::Query,
        kind: InputKind::Integer,
        required: false,
    };
    let surface = Surface {
        routes: vec![route("GET", "/left", vec![input]), route("GET", "/only-in-source", vec![])],
        complete: true,
        ..Surface::default()
    };
    let all = Operations::assemble(&plan.services[0].promises, Some(&read(&bytes).unwrap()), &surface);
    let take = all.find("POST", "/grab/{x}").unwrap();
    assert_eq!((take.origin, take.purpose, take.name.as_str()), (Origin::Promise, Purpose::Take, "grabIt"));
    let call = Call::valid(take, &mut Fresh::new(1), &Known::default(), Style::Examples);
    let Payload::Json(body) = call.payload else { panic!() };
    assert_eq!(body["n"], json!(2));
    assert!(body["who"].as_str().is_some_and(|who| !who.contains('{')));
    assert_eq!(all.find("GET", "/left").unwrap().parameters.len(), 1);
    assert_eq!(all.find("GET", "/only-in-source").unwrap().origin, Origin::Routes);
    assert_eq!(all.list.len(), 4);
}

#[test]
fn source_decides_whether_a_base_path_is_real() {
    let bytes = json!({"openapi": "3.0.0", "servers": [{"url": "http://localhost:{p}/api", "variables": {"p": {"default": "80"}}}], "paths": {"/a": {"get": {}}}}).to_string();
    let read = read(bytes.as_bytes()).unwrap();
    assert_eq!(read.operations[0].route(), "/api/a");
    let route = |path: &str| Surface {
        routes: vec![Route {
            method: "GET".to_owned(),
            path: path.to_owned(),
            handler: None,
            inputs: vec![],
        }],
        ..Surface::default()
    };
    assert_eq!(Operations::assemble(&[], Some(&read), &route("/a")).list[0].route(), "/a");
    assert_eq!(Operations::assemble(&[], Some(&read), &route("/api/a")).list[0].route(), "/api/a");
}

#[test]
fn bytes_with_holes_never_end_the_reader() {
    let whole = shop_text();
    let mut rng = fastrand::Rng::with_seed(11);
    for _ in 0..2_000 {
        let mut bytes = whole.clone();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..bytes.len());
            match rng.u8(..3) {
                0 => bytes[at] = rng.u8(..),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, *rng.choice(b"{}[]\":,*&!-#\n\t 0").unwrap()),
            }
        }
        if let Ok(read) = read(&bytes) {
            for operation in &read.operations {
                let _ =
                    Call::valid(operation, &mut Fresh::new(1), &Known::about(&read.operations), Style::Full)
                        .target();
            }
        }
    }
}

fn shop_text() -> Vec<u8> {
    b"openapi: 3.0.0
paths:
  /items/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: &id {type: integer, minimum: 1}}
    put:
      requestBody:
        content:
          application/json:
            schema:
              allOf: [{$ref: '#/components/schemas/Item'}, {type: object, properties: {tags: {type: array, items: {type: string, pattern: '^[a-z]+$'}, minItems: 2, uniqueItems: true}}}]
      responses: {200: {content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}}
components:
  schemas:
    Item: {type: object, required: [name], properties: {name: {type: string, maxLength: 9}, id: *id, parent: {$ref: '#/components/schemas/Item'}}}
"
    .to_vec()
}

#[test]
fn a_document_makes_nothing_whole_of_which_the_source_has_more() {
    let bytes =
        document(json!({"/health": {"get": {"responses": {"200": {"description": "fine"}}}}}), json!({}));
    let document = read(&bytes).unwrap();
    let whole = Operations::assemble(&[], Some(&document), &Surface::default());
    assert!(whole.complete && whole.not_read.is_empty());
    let unread = NotChecked { what: "a route".to_owned(), why: "its path is computed".to_owned() };
    let surface = Surface { not_read: vec![unread.clone()], ..Surface::default() };
    let more = Operations::assemble(&[], Some(&document), &surface);
    assert!(!more.complete);
    assert_eq!(more.not_read, [unread]);
}
