//! Every exit code, in one place. Scripts branch on these numbers.

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is there. Also `skipped`, and `cannot-tell` under `--fail-open`.
    Go,
    /// The command line is wrong; no request was made.
    Usage,
    /// Runway answered: not enough, but waiting could resolve every error.
    TryLater,
    /// There is no key, or Runway does not accept it.
    Key,
    /// Runway could not be asked or understood, or the report could not be written.
    CannotTell,
    /// Runway answered, it is not enough, and somebody has to act: buy, rename, ask for less, move
    /// up a tier.
    Act,
}

impl Exit {
    /// The errors' codes, from the one that outweighs all others to the lightest.
    pub const BY_WEIGHT: [Self; 4] = [Self::Act, Self::TryLater, Self::Key, Self::CannotTell];

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
        let errors: Vec<Self> = errors.collect();
        let heaviest = Self::BY_WEIGHT.iter().find(|exit| errors.contains(exit));
        heaviest.copied().unwrap_or(Self::Go)
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
        assert_eq!(Exit::BY_WEIGHT.map(Exit::code), [6, 3, 4, 5]);
    }
}
