//! Start-up and memory of the window.

fn main() {}
