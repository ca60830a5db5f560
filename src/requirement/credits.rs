//! The minimum balance before the job.

use super::{Check, Row};
use crate::diagnostic::{CreditsFlag, Finding};
use crate::format::dollars;
use crate::quota::Credits;

/// What is known of the account: `None` if it could not be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) balance: Option<Credits>,
    pub(crate) cap: Option<Credits>,
}

pub(crate) fn check(needed: Credits, account: Account) -> Check {
    let row = Row::new("credits", "credits", needed.0);
    against_balance(row, needed, CreditsFlag::Credits, account)
}

/// The row of a sum that the balance must hold.
pub(super) fn against_balance(
    row: Row,
    needed: Credits,
    flag: CreditsFlag,
    account: Account,
) -> Check {
    let Some(balance) = account.balance else {
        let errors = Vec::new();
        return Check { row, errors };
    };
    let short = short(needed, flag, balance, account.cap);
    Check {
        row: row.decided(balance.0).note(dollars(balance)),
        errors: short.into_iter().collect(),
    }
}

pub(crate) fn short(
    needed: Credits,
    flag: CreditsFlag,
    balance: Credits,
    cap: Option<Credits>,
) -> Option<Finding> {
    (needed > balance).then_some(Finding::CreditsShort {
        needed,
        balance,
        flag,
        cap,
    })
}
