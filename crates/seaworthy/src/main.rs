//! The program `seaworthy`.

use std::process::ExitCode;

fn main() -> ExitCode {
    seaworthy::main()
}
