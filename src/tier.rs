//! Runway's published tiers. The answer names none; the monthly cap tells it.

use crate::quota::Credits;

/// One row of Runway's tier table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// 1 to 5.
    pub number: u8,
    /// Generations at a time, as a range over the models.
    pub concurrency: (u64, u64),
    /// Generations in 24 hours, as a range over the models.
    pub daily_generations: (u64, u64),
    /// The most credits that may be bought in 30 days.
    pub monthly_cap: Credits,
    /// What unlocks it, as first published.
    pub unlock: &'static str,
}

/// The tiers as <https://docs.dev.runwayml.com/usage/tiers> lists them.
pub const TIERS: [Tier; 5] = [
    tier(1, (1, 2), (50, 200), 10_000, "—"),
    tier(2, (3, 3), (500, 1_000), 50_000, "1 day + $50 spent"),
    tier(3, (5, 5), (1_000, 2_000), 200_000, "7 days + $100 spent"),
    tier(
        4,
        (10, 10),
        (5_000, 10_000),
        2_000_000,
        "14 days + $1,000 spent",
    ),
    tier(
        5,
        (20, 20),
        (25_000, 30_000),
        10_000_000,
        "7 days + $5,000 spent",
    ),
];

/// What Runway's current documentation says about the waiting times above.
pub const UNLOCK_NOTE: &str = "Runway's current documentation drops the waiting time: a tier \
opens as soon as that amount was purchased. See https://docs.dev.runwayml.com/usage/tiers";

const fn tier(
    number: u8,
    concurrency: (u64, u64),
    daily_generations: (u64, u64),
    monthly_cap: i128,
    unlock: &'static str,
) -> Tier {
    Tier {
        number,
        concurrency,
        daily_generations,
        monthly_cap: Credits(monthly_cap),
        unlock,
    }
}

/// The tier that a monthly cap tells; any figure of no published tier is a custom one.
pub fn of_cap(cap: Credits) -> Option<Tier> {
    TIERS.into_iter().find(|tier| tier.monthly_cap == cap)
}

/// The first tier above the organization's own whose daily range can cover `needed`.
///
/// Where the cap tells no tier, a tier counts as higher if its range goes beyond `limit`.
pub fn first_covering(needed: u64, limit: u64, cap: Option<Credits>) -> Option<Tier> {
    let own = cap.and_then(of_cap).map_or(0, |tier| tier.number);
    TIERS.into_iter().find(|tier| {
        let most = tier.daily_generations.1;
        tier.number > own && most > limit && most >= needed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_tells_the_tier() {
        assert_eq!(of_cap(Credits(10_000)).map(|t| t.number), Some(1));
        assert_eq!(of_cap(Credits(10_000_000)).map(|t| t.number), Some(5));
        assert_eq!(of_cap(Credits(10_001)), None);
    }

    #[test]
    fn the_first_tier_that_covers_is_above_the_own() {
        let first = |needed, limit, cap: Option<i128>| {
            first_covering(needed, limit, cap.map(Credits)).map(|tier| tier.number)
        };
        assert_eq!(first(300, 200, Some(10_000)), Some(2));
        assert_eq!(first(150, 50, Some(10_000)), Some(2));
        assert_eq!(first(1_000, 200, Some(10_000)), Some(2));
        assert_eq!(first(1_001, 200, Some(10_000)), Some(3));
        assert_eq!(first(800, 500, Some(50_000)), Some(3));
        assert_eq!(first(150, 50, None), Some(1));
        assert_eq!(first(30_001, 200, Some(10_000)), None);
    }
}
