//! What the planned generations cost together, held against the balance.

use super::credits::{against_balance, Account};
use super::{Check, Row};
use crate::diagnostic::CreditsFlag;
use crate::price::PRICING_PAGE;
use crate::quota::Credits;

/// `kept` must be left as well.
pub(crate) fn check(cost: Credits, kept: Credits, account: Account) -> Check {
    let row = Row::new("planned-cost", "planned cost", cost.0);
    let flag = CreditsFlag::PlannedCost { kept };
    let mut check = against_balance(row, cost, flag, account);
    let balance = Some(check.row.note).filter(|note| !note.is_empty());
    let prices = format!("prices: {PRICING_PAGE}");
    let notes = balance.into_iter().chain([prices]);
    check.row.note = notes.collect::<Vec<_>>().join(", ");
    check
}
