//! Runway's published tiers. The answer names none; the monthly cap shows it.

use crate::quota::Credits;

/// One row of Runway's tier table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// 1 to 5.
    pub number: u8,
    /// Generations at a time, as a range over the models.
    pub concurrency: (u64, u64),
    /// Generations in 24 hours, by family of models: of the table's five columns, the second and
    /// third say the same, and the first and fourth. The lowest stands first, the highest second.
    pub daily_generations: [u64; 3],
    /// The most credits that may be bought in 30 days.
    pub monthly_cap: Credits,
    /// What unlocks it, as first published.
    pub unlock: &'static str,
}

/// The tiers as <https://docs.dev.runwayml.com/usage/tiers> lists them.
pub const TIERS: [Tier; 5] = [
    tier(1, (1, 2), [50, 200, 50], 10_000, "—"),
    tier(2, (3, 3), [500, 1_000, 1_000], 50_000, "1 day + $50 spent"),
    tier(
        3,
        (5, 5),
        [1_000, 2_000, 2_000],
        200_000,
        "7 days + $100 spent",
    ),
    tier(
        4,
        (10, 10),
        [5_000, 10_000, 10_000],
        2_000_000,
        "14 days + $1,000 spent",
    ),
    tier(
        5,
        (20, 20),
        [25_000, 30_000, 30_000],
        10_000_000,
        "7 days + $5,000 spent",
    ),
];

/// How the requirements above are to be read today.
pub const UNLOCK_NOTE: &str = "\"1 day\" means registered for 1 day; Runway's current documentation no longer asks for the days. A tier opens by itself once that amount has been purchased: https://docs.dev.runwayml.com/usage/tiers";

const fn tier(
    number: u8,
    concurrency: (u64, u64),
    daily_generations: [u64; 3],
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

impl Tier {
    /// Generations in 24 hours, as a range over the models.
    pub fn daily_range(self) -> (u64, u64) {
        let [low, high, _] = self.daily_generations;
        (low, high)
    }

    /// The tiers above it, the next one first.
    pub fn higher(self) -> impl Iterator<Item = Tier> {
        let all = TIERS.into_iter();
        all.filter(move |tier| tier.number > self.number)
    }
}

/// The tier that a monthly cap belongs to; any other figure is a custom tier.
pub fn of_cap(cap: Credits) -> Option<Tier> {
    TIERS.into_iter().find(|tier| tier.monthly_cap == cap)
}

/// The first tier that surely gives `needed` generations a day to a model with this daily limit.
///
/// A limit shows in which columns of the table the model can be: those of the organization's own
/// tier if `cap` shows it, otherwise any. A tier is sure if each of these columns reaches `needed`
/// there. `None` if no tier is sure, as for a limit that is in no column.
pub fn first_sure(needed: u64, limit: u64, cap: Option<Credits>) -> Option<Tier> {
    let own = match cap.map(of_cap) {
        // A custom tier's limits follow no table.
        Some(None) => return None,
        own => own.flatten(),
    };
    let mut candidates = Vec::from(TIERS);
    candidates.retain(|tier| own.is_none_or(|own| own == *tier));
    let shown = candidates.into_iter().flat_map(|tier| {
        let columns = tier.daily_generations.into_iter().enumerate();
        let columns = columns.filter(move |(_, given)| *given == limit);
        columns.map(move |(column, _)| (tier, column))
    });
    let shown: Vec<(Tier, usize)> = shown.collect();
    let (highest, _) = shown.last()?;
    highest.higher().find(|tier| {
        let given = |(_, column): &(Tier, usize)| tier.daily_generations.get(*column);
        shown.iter().filter_map(given).all(|given| *given >= needed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_shows_the_tier() {
        assert_eq!(of_cap(Credits(10_000)).map(|tier| tier.number), Some(1));
        assert_eq!(of_cap(Credits(10_000_000)).map(|tier| tier.number), Some(5));
        assert_eq!(of_cap(Credits(10_001)), None);
    }

    #[test]
    fn only_a_sure_tier_is_named() {
        let tier_1 = Some(10_000);
        for (needed, limit, cap, named) in [
            (300, 200, tier_1, Some(2)),
            (500, 50, tier_1, Some(2)),
            // One of the two families that have 50 has 500 in tier 2.
            (600, 50, tier_1, Some(3)),
            (1_000, 200, tier_1, Some(2)),
            (1_001, 200, tier_1, Some(3)),
            (800, 500, Some(50_000), Some(3)),
            (1_500, 1_000, Some(50_000), Some(3)),
            // 1,000 stands in tier 2 and in tier 3.
            (1_500, 1_000, None, Some(4)),
            (150, 50, None, Some(2)),
            (30_001, 200, tier_1, None),
            (26_000, 50, tier_1, None),
            // A limit that the table does not give, a custom tier, and none at all.
            (300, 123, tier_1, None),
            (300, 200, Some(12_345), None),
            (10, 0, tier_1, None),
        ] {
            let found = first_sure(needed, limit, cap.map(Credits));
            assert_eq!(found.map(|tier| tier.number), named, "{needed} of {limit}");
        }
    }

    #[test]
    fn a_named_tier_covers_the_need_in_each_column() {
        for own in TIERS {
            for limit in own.daily_generations {
                for needed in [limit + 1, 501, 600, 1_001, 2_001, 10_001, 25_001] {
                    let Some(tier) = first_sure(needed, limit, Some(own.monthly_cap)) else {
                        continue;
                    };
                    let columns = own.daily_generations.iter().zip(tier.daily_generations);
                    for (_, given) in columns.filter(|(own, _)| **own == limit) {
                        assert!(given >= needed && tier.number > own.number);
                    }
                }
            }
        }
    }
}
