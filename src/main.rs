//! The `kubenet` program. Everything is in the library; see [`kubenet::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    kubenet::cli::main()
}
