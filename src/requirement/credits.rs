//! The minimum balance before the job.

use super::Row;
use crate::diagnostic::Finding;
use crate::format::dollars;
use crate::quota::Credits;

pub(crate) fn check(needed: Credits, balance: Option<Credits>) -> Row {
    let row = Row::new("credits", "credits", needed.0);
    against_balance(row, Some("--credits"), Credits(0), balance)
}

/// The row of a sum that the balance must hold.
pub(super) fn against_balance(
    row: Row,
    flag: Option<&'static str>,
    kept: Credits,
    balance: Option<Credits>,
) -> Row {
    let Some(balance) = balance else { return row };
    let short = short(flag, Credits(row.needed), kept, balance);
    row.decided(balance.0).note(dollars(balance)).errors(short)
}

pub(crate) fn short(
    flag: Option<&'static str>,
    needed: Credits,
    kept: Credits,
    balance: Credits,
) -> Option<Finding> {
    (needed > balance).then_some(Finding::CreditsShort {
        flag,
        needed,
        kept,
        balance,
    })
}
