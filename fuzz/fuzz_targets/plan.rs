//! A plan: read the same in pieces of any size, and no text of a body reaches an error.

#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use runway_preflight::plan::Plan;
use runway_preflight::price::{Prices, Rule};

/// A few bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(buffer.len()).min(self.0.len());
        (&self.0[..length]).read(buffer)?;
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut prices = Prices::default();
    for rule in ["a=12/s", "b=4.5", "b c=1 2"] {
        prices.add(Rule::parse(rule).expect("a rule"));
    }
    let size = usize::from(bytes.first().copied().unwrap_or_default() % 7) + 1;
    for prices in [None, Some(&prices)] {
        let whole = Plan::read(bytes, prices, None);
        assert_eq!(Plan::read(Pieces(bytes, size), prices, None), whole);
        if let Err(error) = whole {
            assert!(error.len() < 600, "{error:?}");
        }
    }
});
