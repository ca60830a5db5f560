//! The minimum balance before the job.

use super::Row;
use crate::diagnostic::{CreditsFlag, Finding};
use crate::format::dollars;
use crate::quota::Credits;

pub(crate) fn check(needed: Credits, balance: Option<Credits>) -> Row {
    let row = Row::new("credits", "credits", needed.0);
    against_balance(row, needed, CreditsFlag::Credits, balance)
}

/// The row of a sum that the balance must hold.
pub(super) fn against_balance(
    row: Row,
    needed: Credits,
    flag: CreditsFlag,
    balance: Option<Credits>,
) -> Row {
    let Some(balance) = balance else { return row };
    let row = row.decided(balance.0).note(dollars(balance));
    row.errors(short(needed, flag, balance))
}

pub(crate) fn short(needed: Credits, flag: CreditsFlag, balance: Credits) -> Option<Finding> {
    (needed > balance).then_some(Finding::CreditsShort {
        needed,
        balance,
        flag,
    })
}
