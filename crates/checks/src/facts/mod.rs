//! What is known of the files, read once a run: syntax, names, imports. Facts judge nothing.

pub mod absence;
pub mod answer;
pub mod credentials;
pub mod definitions;
pub mod effects;
pub mod faults;
pub mod graph;
pub mod imports;
pub mod lines;
pub mod names;
pub mod nodes;
pub mod passwords;
pub mod plain_text;
pub mod reach;
pub(crate) mod reader;
pub mod request;
pub mod service;
pub mod source;
pub mod sql;
pub mod syntax;
pub mod tests;
mod text;
pub mod values;
pub mod words;
