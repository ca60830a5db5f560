//! What the planned generations cost together, held against the balance.

use super::credits::against_balance;
use super::{Check, Row};
use crate::diagnostic::CreditsFlag;
use crate::job::{Cost, Job};
use crate::price::PRICING_PAGE;
use crate::quota::Credits;

pub(crate) fn check(job: &Job, cost: Credits, balance: Option<Credits>) -> Check {
    let row = Row::new("planned-cost", "planned cost", cost.0);
    let kept = job.keep.unwrap_or_default();
    let mut check = against_balance(row, cost, CreditsFlag::PlannedCost { kept }, balance);
    let balance = Some(check.row.note).filter(|note| !note.is_empty());
    let prices = format!("prices: {PRICING_PAGE}");
    let mut notes: Vec<String> = balance.into_iter().chain([prices]).collect();
    // A credit is a cent: a price under one is as likely to be meant in dollars.
    let mut small = job.generations.iter().filter_map(|one| match one.cost {
        Cost::Each(price) => Some((price, price.in_dollars()?)),
        _ => None,
    });
    if let Some((price, dollars)) = small.next() {
        notes.push(format!(
            "@{price} is in credits: @{dollars} if dollars are meant"
        ));
    }
    check.row.note = notes.join(", ");
    check
}
