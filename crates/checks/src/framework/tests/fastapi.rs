//! FastAPI.

use std::collections::BTreeSet;

use seaworthy_core::surface::{InputPlace, Surface};

use super::{files, program, real};

/// Operations and what they declare, as FastAPI's own OpenAPI document has them: `METHOD path`, and for each input
/// `METHOD path place name required`.
fn declared(surface: &Surface) -> BTreeSet<String> {
    assert_eq!(surface.not_read, [], "all of it is read");
    assert!(surface.complete);
    let mut lines = BTreeSet::new();
    for route in &surface.routes {
        let operation = format!("{} {}", route.method, route.path);
        for input in &route.inputs {
            let place = match input.place {
                InputPlace::Path => "path",
                InputPlace::Query => "query",
                InputPlace::Json => "json",
                InputPlace::Form => "form",
                InputPlace::File => "file",
                InputPlace::Header => "header",
                InputPlace::Cookie => "cookie",
            };
            let required = if input.required { "True" } else { "False" };
            lines.insert(format!("{operation} {place} {} {required}", input.name));
        }
        lines.insert(operation);
    }
    lines
}

fn agrees(surface: &Surface, kept: &str, real: Option<BTreeSet<String>>) {
    let kept: BTreeSet<String> = kept.lines().map(|line| line.trim().to_owned()).collect();
    assert_eq!(declared(surface), kept);
    if let Some(real) = real {
        assert_eq!(real, kept, "the framework itself");
    }
}

#[test]
fn a_shop_of_routers_in_routers_declares_what_fastapi_promises() {
    let kept = include_str!("programs/fastapi_shop.txt");
    agrees(
        &program("fastapi_shop"),
        kept,
        real("fastapi", "real_fastapi.py", "fastapi_shop", &["app.main", "app"]),
    );
}

#[test]
fn an_application_made_by_a_function_declares_what_fastapi_promises() {
    let kept = include_str!("programs/fastapi_notes.txt");
    agrees(
        &program("fastapi_notes"),
        kept,
        real("fastapi", "real_fastapi.py", "fastapi_notes", &["main", "app"]),
    );
}

#[test]
fn a_router_whose_prefix_is_not_text_makes_the_surface_incomplete() {
    let surface = files([(
        "main.py",
        "import os\nfrom fastapi import FastAPI, APIRouter\napp = FastAPI()\nr = APIRouter()\n\n@r.get('/x')\ndef x():\n    return 1\n\napp.include_router(r, prefix=os.environ['P'])\n",
    )]);
    assert!(!surface.complete && surface.routes.is_empty());
    assert_eq!(surface.not_read[0].what, "main.py:6");
}
