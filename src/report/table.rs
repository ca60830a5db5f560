//! A table, before it is padded for a terminal or fenced for Markdown.

/// Cells that are clean of control characters, and not yet escaped for a medium.
pub(super) struct Table {
    pub(super) head: &'static [&'static str],
    /// How many columns hold words; the others hold figures and go to the right.
    pub(super) words: usize,
    pub(super) rows: Vec<Vec<String>>,
    /// How many rows there are, those that are left out included.
    pub(super) all: usize,
}

impl Table {
    /// How many rows are left out.
    pub(super) fn left_out(&self) -> usize {
        self.all.saturating_sub(self.rows.len())
    }

    /// Padded into columns, each line indented.
    pub(super) fn padded(&self, indent: &str) -> String {
        let head: Vec<String> = self.head.iter().map(|cell| (*cell).to_owned()).collect();
        let lines = || std::iter::once(&head).chain(&self.rows);
        let width = |column: usize| {
            let cells = lines().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let mut text = String::new();
        for line in lines() {
            let cells = line.iter().zip(&widths).enumerate();
            let padded = cells.map(|(column, (cell, width))| {
                if column < self.words {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            let line = padded.collect::<Vec<_>>().join("  ");
            text.push_str(indent);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
