//! The plan's JSON Schema (2020-12), generated from its types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Plan;

/// The schema. Editors complete `seaworthy.toml` from it, and [`Plan::read`] holds a file against it.
pub fn plan_schema() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Plan>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "seaworthy.toml".into());
    }
    schema
}
