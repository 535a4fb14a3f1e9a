//! The program `seaworthy`.

use std::process::ExitCode;

/// Facts are millions of small pieces, made and dropped by several threads at once; the system's own allocator makes these wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    seaworthy::main()
}
