//! What a service offers: its OpenAPI document or the routes in its source, what each operation is for, and values to call it with.

pub mod call;
pub mod document;
pub mod generate;
pub mod known;
pub(crate) mod names;
pub mod operation;
pub mod operations;
mod pattern;
mod purpose;
mod reader;
pub mod shape;
pub mod steps;
mod text;
pub mod visitor;

pub use call::{Call, Part, Payload};
pub use document::{Document, USUAL_PLACES, from_routes, read};
pub use generate::{Fresh, Generator, Style};
pub use known::{Credentials, Known};
pub use operation::{Answer, Auth, Body, Operation, Origin, Parameter, Place, Purpose, Scheme};
pub use operations::{Inferred, Operations};
pub use shape::{Additional, Schema, Types};
pub use text::ReadError;
pub use visitor::{Control, Said, Session, Visitor};
