//! Every exit code, in one place. Scripts branch on these numbers.

/// How a run ends. What comes later outweighs what comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything asked for is there. Also `skipped`, and `cannot-tell` under `--fail-open`.
    Go,
    /// The command line is wrong; no request was made.
    Usage,
    /// Runway could not be asked or understood, or the report could not be written.
    CannotTell,
    /// There is no key, or Runway does not accept it.
    Key,
    /// Runway answered: not enough, but waiting could resolve every error.
    TryLater,
    /// Runway answered, it is not enough, and somebody has to act: buy, rename, ask for less, move
    /// up a tier.
    Act,
}

impl Exit {
    /// The number that the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Go => 0,
            Self::Usage => 2,
            Self::TryLater => 3,
            Self::Key => 4,
            Self::CannotTell => 5,
            Self::Act => 6,
        }
    }

    /// The code of a run with these errors: go if there are none, otherwise the heaviest.
    pub fn of_errors(errors: impl Iterator<Item = Self>) -> Self {
        errors.max().unwrap_or(Self::Go)
    }

    /// Whether Runway answered that it is not enough.
    pub fn is_no_go(self) -> bool {
        matches!(self, Self::TryLater | Self::Act)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{self, Act, CannotTell, Go, Key, TryLater};

    #[test]
    fn act_outweighs_try_later_then_key_then_cannot_tell() {
        for (errors, exit) in [
            (&[][..], Go),
            (&[CannotTell], CannotTell),
            (&[CannotTell, Key], Key),
            (&[Key, CannotTell, TryLater], TryLater),
            (&[TryLater, Act, Key], Act),
            (&[CannotTell, Act], Act),
        ] {
            assert_eq!(Exit::of_errors(errors.iter().copied()), exit, "{errors:?}");
        }
    }
}
