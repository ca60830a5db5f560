//! What the planned generations cost together, held against the balance.

use super::credits::{against_balance, Account};
use super::{Check, Row};
use crate::diagnostic::CreditsFlag;
use crate::format::count;
use crate::price::PRICING_PAGE;
use crate::quota::Credits;

/// `kept` must be left as well; `unpriced` is how many generations are not in the sum.
pub(crate) fn check(cost: Credits, kept: Credits, unpriced: u64, account: Account) -> Check {
    let row = Row::new("planned-cost", "planned cost", cost.0);
    let flag = CreditsFlag::PlannedCost { kept };
    let mut check = against_balance(row, cost, flag, account);
    let not_counted = (unpriced > 0).then(|| {
        let unpriced = count(unpriced, "generation");
        format!("not counting {unpriced} without a price")
    });
    let balance = Some(check.row.note).filter(|note| !note.is_empty());
    let notes = balance.into_iter().chain(not_counted);
    let prices = format!("prices: {PRICING_PAGE}");
    check.row.note = notes.chain([prices]).collect::<Vec<_>>().join(", ");
    check
}
