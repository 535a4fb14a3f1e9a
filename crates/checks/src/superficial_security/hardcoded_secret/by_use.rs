//! Secrets known by what they are used for: a literal that signs sessions and tokens is one, however it reads.

use seaworthy_core::Confidence;

use super::Found;
use super::by_name::literal_text;
use crate::facts::credentials::hint;
use crate::facts::nodes::Node;
use crate::facts::signing::signing_key;
use crate::facts::source::SourceFile;

/// A literal where a signing secret goes.
pub(super) fn signing_secret(file: &SourceFile, node: Node<'_>) -> Option<Found> {
    let key = signing_key(file, node).filter(|key| !key.replaceable)?;
    let text =
        literal_text(key.value).filter(|text| !text.is_empty() && !text.starts_with(['<', '$', '{']))?;
    let signs = key.signs;
    Some(Found {
        extent: key.value.extent,
        variant: "signing-secret",
        message: format!(
            "{signs} with a literal (`{}`): whoever reads the repository can {}",
            hint(text),
            key.harm()
        ),
        confidence: Confidence::High,
        name: signs.to_owned(),
    })
}
