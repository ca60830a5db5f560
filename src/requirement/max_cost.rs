//! What the planned generations may cost, whatever the balance. It needs no answer of Runway's.

use super::Row;
use crate::diagnostic::Finding;
use crate::quota::Credits;

pub(crate) fn check(max: Credits, planned: Credits) -> Row {
    let over = (planned > max).then_some(Finding::OverMaxCost { planned, max });
    let row = Row::new("max-cost", "maximum cost", planned.0).decided(max.0);
    row.note("--max-cost".to_owned()).errors(over)
}
