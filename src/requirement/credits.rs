//! The minimum balance before the job.

use super::{Check, Row};
use crate::diagnostic::{CreditsFlag, Finding};
use crate::format::dollars;
use crate::quota::Credits;

pub(crate) fn check(needed: Credits, balance: Option<Credits>) -> Check {
    let row = Row::new("credits", "credits", needed.0);
    against_balance(row, needed, CreditsFlag::Credits, balance)
}

/// The row of a sum that the balance must hold.
pub(super) fn against_balance(
    row: Row,
    needed: Credits,
    flag: CreditsFlag,
    balance: Option<Credits>,
) -> Check {
    let Some(balance) = balance else {
        let errors = Vec::new();
        return Check { row, errors };
    };
    let short = short(needed, flag, balance);
    Check {
        row: row.decided(balance.0).note(dollars(balance)),
        errors: short.into_iter().collect(),
    }
}

pub(crate) fn short(needed: Credits, flag: CreditsFlag, balance: Credits) -> Option<Finding> {
    (needed > balance).then_some(Finding::CreditsShort {
        needed,
        balance,
        flag,
    })
}
