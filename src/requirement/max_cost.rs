//! What the planned generations may cost, whatever the balance. It needs no answer of Runway's.

use super::{Check, Row};
use crate::diagnostic::Finding;
use crate::quota::Credits;

pub(crate) fn check(max: Credits, planned: Credits) -> Check {
    let row = Row::new("max-cost", "maximum cost", planned.0);
    let over = planned > max;
    Check {
        row: row.decided(max.0).note("--max-cost".to_owned()),
        errors: over
            .then_some(Finding::OverMaxCost { planned, max })
            .into_iter()
            .collect(),
    }
}
