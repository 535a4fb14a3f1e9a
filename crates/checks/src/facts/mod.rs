//! What is known of the files, read once a run: syntax, names, imports. Facts judge nothing.

pub mod credentials;
pub mod definitions;
pub mod environment;
pub mod graph;
pub mod imports;
pub mod lines;
pub mod names;
pub mod nodes;
pub mod passwords;
pub mod plain_text;
pub(crate) mod reader;
pub mod received;
pub mod service;
pub mod signing;
pub mod source;
pub mod sql_fields;
pub mod stored;
pub mod syntax;
pub mod tests;
mod text;
pub mod values;
pub mod words;
