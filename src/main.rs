//! Asks Runway what is left, before a pipeline spends it.

fn main() {}
