//! A table, before it is padded for a terminal or fenced for Markdown.

use std::ops::Range;

/// A longer table is cut: nobody reads it in a log.
pub(super) const MAX_ROWS: usize = 20_000;

/// Cells that are clean of control characters, and not yet escaped for a medium.
pub(super) struct Table {
    /// What its rows are.
    pub(super) noun: &'static str,
    pub(super) head: Vec<String>,
    /// The columns of figures, which go to the right.
    pub(super) figures: Range<usize>,
    /// A cell for each column.
    pub(super) rows: Vec<Vec<String>>,
    /// How many rows are left out.
    pub(super) left_out: usize,
}

impl Table {
    /// With at most `max_rows` of the rows; the columns of the head stand between bars.
    pub(super) fn new(
        noun: &'static str,
        head: &str,
        figures: Range<usize>,
        rows: impl IntoIterator<Item = impl Into<Vec<String>>>,
        max_rows: usize,
    ) -> Self {
        let mut rows = rows.into_iter();
        let shown = rows.by_ref().take(max_rows);
        Self {
            noun,
            head: head.split('|').map(str::to_owned).collect(),
            figures,
            rows: shown.map(Into::into).collect(),
            left_out: rows.count(),
        }
    }

    /// How many rows there are, those that are left out among them.
    pub(super) fn all(&self) -> usize {
        self.rows.len().saturating_add(self.left_out)
    }

    /// Padded into columns, each line indented.
    pub(super) fn padded(&self) -> String {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| {
            let cells = lines().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        for line in lines() {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                let [before, after] = match self.figures.contains(&column) {
                    true => [&*padding, ""],
                    false => ["", &*padding],
                };
                text.extend(["  ", before, cell, after]);
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}
