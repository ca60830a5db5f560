//! What the planned generations cost together, held against the balance.

use super::credits::against_balance;
use super::Row;
use crate::job::{Cost, Job};
use crate::price::PRICING_PAGE;
use crate::quota::Credits;

pub(crate) fn check(job: &Job, cost: Credits, balance: Option<Credits>) -> Row {
    let row = Row::new("planned-cost", "planned cost", cost.0);
    let kept = job.keep.unwrap_or_default();
    let row = against_balance(row, None, kept, balance);
    let mut notes = vec![row.note.clone(), format!("prices: {PRICING_PAGE}")];
    notes.retain(|note| !note.is_empty());
    // A credit is a cent: a price under one is as likely to be meant in dollars.
    let mut small = job.generations.iter().filter_map(|one| match one.cost {
        Cost::Each(price) | Cost::RoundedUp(price) => Some((price, price.in_dollars()?)),
        _ => None,
    });
    if let Some((price, dollars)) = small.next() {
        let meant = format!("@{dollars} if dollars are meant");
        notes.push(format!("@{price} is in credits: {meant}"));
    }
    row.note(notes.join(", "))
}
