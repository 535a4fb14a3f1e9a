//! What a check may look at.

use seaworthy_core::Plan;

use crate::database::Database;
use crate::facts::definitions::Definitions;
use crate::facts::graph::Graph;
use crate::facts::source::SourceFile;
use crate::framework::defined::Defined;
use crate::framework::web::Web;
use crate::packages::Packages;
use crate::process::Process;
use crate::rules::TextFile;
use crate::tree::Tree;

/// What a check may look at: the tree, the plan, and the facts made of them.
pub struct Context<'a> {
    /// The files as they are.
    pub tree: &'a Tree,
    /// The plan.
    pub plan: &'a Plan,
    /// The files that could be read as source, in the order of their paths.
    pub files: &'a [SourceFile],
    /// Files in other languages, which the project's own rules read.
    pub texts: &'a [TextFile],
    /// Which file imports which.
    pub graph: &'a Graph,
    /// Which function a name means.
    pub definitions: &'a Definitions<'a>,
    /// What the files that are no tests define and call.
    pub defined: &'a Defined<'a>,
    /// What is installed.
    pub packages: &'a Packages,
    /// Who answers requests, where the files are a service.
    pub web: &'a Web<'a>,
    /// What they do to a database.
    pub(crate) database: &'a Database<'a>,
    /// What they keep in variables of the process.
    pub(crate) process: &'a Process<'a>,
}

impl<'a> Context<'a> {
    /// The source file of this path.
    pub fn file(&self, path: &str) -> Option<&'a SourceFile> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }
}
