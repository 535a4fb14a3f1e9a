//! What is known of the files, read once a run: syntax, names, imports. Facts judge nothing.

pub mod graph;
pub mod imports;
pub mod nodes;
pub mod lines;
pub mod names;
pub(crate) mod reader;
pub mod source;
pub mod syntax;
mod text;
pub mod walk;
