// The same decision as `--generations gen4.5=20 --credits 1200`, as a CI step would make it with the official SDK.
import RunwayML from '@runwayml/sdk';

const { creditBalance, tier, usage } = await new RunwayML().organization.retrieve();
const used = usage.models['gen4.5']?.dailyGenerations ?? 0;
const left = (tier.models['gen4.5'].maxDailyGenerations ?? Infinity) - used;
process.exit(left >= 20 && creditBalance >= 1200 ? 0 : 3);
