//! What is known of the files, read once a run: syntax, names, imports. Facts judge nothing.

pub mod credentials;
pub mod definitions;
pub mod graph;
pub mod imports;
pub mod lines;
pub mod names;
pub mod nodes;
pub mod plain_text;
pub mod reach;
pub(crate) mod reader;
pub mod service;
pub mod source;
pub mod sql;
pub mod syntax;
pub mod tests;
mod text;
pub mod values;
pub mod words;
