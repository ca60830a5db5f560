//! A plan: read the same in pieces of any size, and no text of a body reaches an error.

#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use runway_preflight::plan::Plan;
use runway_preflight::price::{Price, Prices, Rate};
use runway_preflight::quota::Model;

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
    let price = |text| Price::parse(text).expect("a price");
    let mut prices = Prices::default();
    prices.add(Model::new("a"), Rate::Second(price("12")));
    prices.add(Model::new("b"), Rate::Generation(price("4.5")));
    let size = usize::from(bytes.first().copied().unwrap_or_default() % 7) + 1;
    for prices in [Prices::default(), prices] {
        let whole = Plan::read(bytes, &prices);
        assert_eq!(Plan::read(Pieces(bytes, size), &prices), whole);
        match whole {
            Ok(plan) => assert_eq!(plan.priced, !prices.is_empty()),
            Err(error) => assert!(error.problem.len() < 200, "{error:?}"),
        }
    }
});
