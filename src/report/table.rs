//! A table, before it is padded for a terminal or fenced for Markdown.

/// A longer table is cut: nobody reads it in a log.
pub(super) const MAX_ROWS: usize = 20_000;

/// Between two columns.
pub(super) const GAP: &str = "  ";

/// Cells that are clean of control characters, and not yet escaped for a medium.
pub(super) struct Table {
    pub(super) head: &'static [&'static str],
    /// How many columns hold words; the others hold figures and go to the right.
    pub(super) words: usize,
    /// Row after row, a cell for each column.
    pub(super) cells: Vec<String>,
    /// How many rows there are, those that are left out included.
    pub(super) all: usize,
}

impl Table {
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &[String]> + Clone {
        self.cells.chunks(self.head.len())
    }

    /// How many rows are left out.
    pub(super) fn left_out(&self) -> usize {
        self.all.saturating_sub(self.rows().len())
    }

    /// Padded into columns, each line indented.
    pub(super) fn padded(&self, indent: &str) -> String {
        let head: Vec<String> = self.head.iter().map(|cell| (*cell).to_owned()).collect();
        let lines = || std::iter::once(&*head).chain(self.rows());
        let width = |column: usize| {
            let cells = lines().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let length = widths.iter().fold(indent.len(), |length, width| {
            length.saturating_add(*width).saturating_add(GAP.len())
        });
        let mut text = String::with_capacity(length.saturating_mul(lines().count()));
        for line in lines() {
            let mut gap = indent;
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let padding = width.saturating_sub(cell.chars().count());
                text.push_str(gap);
                if column < self.words {
                    text.push_str(cell);
                    push_spaces(&mut text, padding);
                } else {
                    push_spaces(&mut text, padding);
                    text.push_str(cell);
                }
                gap = GAP;
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

fn push_spaces(text: &mut String, mut count: usize) {
    const SPACES: &str = "                                ";
    while count > 0 {
        let some = SPACES.get(..count).unwrap_or(SPACES);
        text.push_str(some);
        count = count.saturating_sub(some.len());
    }
}
