//! `seaworthy explain ID`.

use seaworthy_core::plan::schema::plan_schema;
use seaworthy_core::plan::{identifiers, nearest};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::survey;
use crate::terminal::{BOLD, DIM, Terminal};

/// What a check or probe looks for, why, and how to fix it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The identifier, such as `float-money`, or `plan` for every key of seaworthy.toml; all identifiers when absent.
    id: Option<String>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let rules = survey::rules();
    let Some(id) = &args.id else {
        let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
        let list: String =
            rules.iter().map(|rule| format!("{BOLD}{:width$}{BOLD:#}  {}\n", rule.id, rule.title)).collect();
        terminal.print(&list)?;
        return Ok(Exit::Clear);
    };
    if id == "plan" {
        terminal.print(&format!("{:#}\n", plan_schema()))?;
        return Ok(Exit::Clear);
    }
    if let Some(rule) = rules.iter().find(|rule| rule.id == *id) {
        let (kind, mode) = (rule.kind, rule.failure_mode.id());
        let head =
            format!("{BOLD}{}{BOLD:#} {DIM}{kind}, {mode}, version {}{DIM:#}\n\n", rule.id, rule.version);
        let variants = if rule.variants.is_empty() {
            String::new()
        } else {
            format!("\nVariants: {}\n", rule.variants.join(", "))
        };
        terminal.print(&format!("{head}{}{variants}", rule.page))?;
        return Ok(Exit::Clear);
    }
    let failure = if identifiers::is_known(id) {
        Failure::usage(format!("`{id}` is a known identifier that this version does not look for yet"))
    } else {
        Failure::usage(format!("`{id}` is not a check or probe"))
    };
    let known = rules.iter().map(|rule| rule.id);
    Err(match nearest(id, known) {
        Some(right) => failure.hint(format!("seaworthy explain {right}")),
        None => failure.hint("seaworthy explain"),
    })
}
