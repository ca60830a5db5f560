//! What the planned generations cost together, held against the balance.

use super::credits::{against_balance, Account};
use super::{Check, Row};
use crate::diagnostic::CreditsFlag;
use crate::quota::Credits;

pub(crate) fn check(cost: Credits, account: Account) -> Check {
    let row = Row::new("planned-cost", "planned cost", cost.0);
    against_balance(row, cost, CreditsFlag::PlannedCost, account)
}
