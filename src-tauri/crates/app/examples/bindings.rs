//! Prints the TypeScript of the engine's commands and events; `cargo xtask bindings` keeps it.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", parlance_app::bindings::typescript());
}
