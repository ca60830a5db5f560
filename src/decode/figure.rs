//! Figures, exactly: a number's text is rounded from its decimal digits, never by way of a float.

/// Which way a figure that is not whole goes: against the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// What is available.
    Down,
    /// What is used.
    Up,
}

/// A number's text as a whole number; `None` if it has more digits than are read.
pub(crate) fn whole(number: &str, round: Round) -> Option<i128> {
    // Enough for every figure; more might not fit.
    const MAX_DIGITS: usize = 38;
    if let Ok(whole) = number.parse::<i64>() {
        return Some(whole.into());
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [integer, fraction].concat();
    let digits = digits.trim_start_matches(['-', '0']);
    if digits.is_empty() {
        return Some(0);
    }
    // An exponent beyond any length of text moves every digit out of sight.
    let exponent = exponent.parse().unwrap_or(match exponent.as_bytes() {
        [b'-', ..] => isize::MIN,
        _ => isize::MAX,
    });
    let moved = digits.len().saturating_add_signed(exponent);
    let kept = moved.saturating_sub(fraction.len());
    if kept > MAX_DIGITS {
        return None;
    }
    let padded = format!("0{digits:0<kept$}");
    let (integer, rest) = padded.split_at_checked(kept.saturating_add(1))?;
    let whole: i128 = integer.parse().ok()?;
    let inexact = rest.bytes().any(|digit| digit != b'0');
    let negative = number.starts_with('-');
    let away = inexact && negative == (round == Round::Down);
    let sign = if negative { -1 } else { 1 };
    Some(whole.saturating_add(away.into()).saturating_mul(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_are_rounded_from_their_text() {
        for (number, down, up) in [
            ("0", 0, 0),
            ("-0.0", 0, 0),
            ("7", 7, 7),
            ("0.9999999999999999", 0, 1),
            ("19.99999999999999999999", 19, 20),
            ("-0.5", -1, 0),
            ("-7.01", -8, -7),
            ("1e2", 100, 100),
            ("1.5e1", 15, 15),
            ("1.55E+1", 15, 16),
            ("155e-1", 15, 16),
            ("1e-400", 0, 1),
            ("0e99999999999999999999", 0, 0),
            ("1e-99999999999999999999", 0, 1),
            ("0.00001e5", 1, 1),
            ("1000e-3", 1, 1),
        ] {
            let both = (whole(number, Round::Down), whole(number, Round::Up));
            assert_eq!(both, (Some(down), Some(up)), "{number}");
        }
        for number in ["1e39", "1E400", "1e99999999999999999999", "-1e39"] {
            assert_eq!(whole(number, Round::Down), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_exact(number in any::<i64>(), zeros in 0_usize..30) {
            let text = format!("{number}.{}", "0".repeat(zeros.max(1)));
            prop_assert_eq!(whole(&text, Round::Down), Some(number.into()));
            prop_assert_eq!(whole(&text, Round::Up), Some(number.into()));
            let text = format!("{number}.{}1", "0".repeat(zeros));
            let (low, high) = if number < 0 || text.starts_with('-') {
                (i128::from(number) - 1, i128::from(number))
            } else {
                (i128::from(number), i128::from(number) + 1)
            };
            prop_assert_eq!(whole(&text, Round::Down), Some(low));
            prop_assert_eq!(whole(&text, Round::Up), Some(high));
        }
    }
}
