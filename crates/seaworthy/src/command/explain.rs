//! `seaworthy explain ID`.

use seaworthy_core::plan::schema::plan_schema;
use std::path::Path;

use seaworthy_checks::rules::{self, Rules};
use seaworthy_checks::tree::Tree;
use seaworthy_core::plan::{identifiers, nearest};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::rule_failure;
use crate::survey;
use crate::terminal::{BOLD, DIM, Terminal};

/// What a check, a probe or a rule of the project in this folder looks for, why, and how to fix it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The identifier, such as `float-money`, or `plan` for every key of seaworthy.toml; all identifiers when absent.
    id: Option<String>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let known_rules = survey::rules();
    let own = Rules::of(&Tree::of_rules(Path::new("."))).map_err(rule_failure);
    let Some(id) = &args.id else {
        let own = own?;
        let known = known_rules.iter().map(|rule| (rule.id, rule.title.to_owned()));
        let all: Vec<_> =
            known.chain(own.list().iter().map(|rule| (rule.id().as_str(), rule.title()))).collect();
        let width = all.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
        let list: String =
            all.iter().map(|(id, title)| format!("{BOLD}{id:width$}{BOLD:#}  {title}\n")).collect();
        terminal.print(&list)?;
        return Ok(Exit::Clear);
    };
    if id == "plan" {
        terminal.print(&format!("{:#}\n", plan_schema()))?;
        return Ok(Exit::Clear);
    }
    if let Some(rule) = known_rules.iter().find(|rule| rule.id == *id) {
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
    let own = own?;
    if let Some(rule) = own.find(id) {
        let head =
            format!("{BOLD}{id}{BOLD:#} {DIM}rule of this project, {}{DIM:#}\n\n", rule.failure_mode().id());
        terminal.print(&format!("{head}{}", rule.page()))?;
        return Ok(Exit::Clear);
    }
    let failure = if identifiers::is_known(id) {
        Failure::usage(format!("`{id}` is a known identifier that this version does not look for yet"))
    } else if identifiers::is_own_rule(id) {
        Failure::usage(format!("there is no rule `{id}` below {} of this folder", rules::FOLDER))
    } else {
        Failure::usage(format!("`{id}` is not a check or probe"))
    };
    let known =
        known_rules.iter().map(|rule| rule.id).chain(own.list().iter().map(|rule| rule.id().as_str()));
    Err(match nearest(id, known) {
        Some(right) => failure.hint(format!("seaworthy explain {right}")),
        None => failure.hint("seaworthy explain"),
    })
}
