//! The sandbox against real programs: `sh`, `python3`, `node`. As root it runs a second time as a user without privileges.

#![cfg(target_os = "linux")]

#[cfg(test)]
mod common;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod oneshot;
#[cfg(test)]
mod worlds;

#[test]
fn all_of_it_holds_without_privileges_too() {
    common::again_without_privileges("all_of_it_holds_without_privileges_too");
}
