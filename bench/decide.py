"""The same decision as `--generations gen4.5=20 --credits 1200`, as a CI step would make it with the official SDK."""

import math
import sys

from runwayml import RunwayML

organization = RunwayML().organization.retrieve()
usage = organization.usage.models.get("gen4.5")
used = usage.daily_generations if usage else 0
limit = organization.tier.models["gen4.5"].max_daily_generations
left = (math.inf if limit is None else limit) - used
sys.exit(0 if left >= 20 and organization.credit_balance >= 1200 else 3)
