"""What each level of the city may do: 市, 区, 街道, 社区, by the areas of a grant.

A code of six digits is a district, of nine a subdistrict, a longer one a community or cell; a grant
without areas is the whole city's. All see what lies in their areas; how far they may go is here.
"""

from spatial.errors import Denied
from spatial.grant import Grant
from twin_model.alerts.rule import TIER_ZH, TIERS

# done by whoever writes there, at any level: work, and word of it
EVERYBODY = frozenset({"comment", "gather", "acknowledge", "done", "escalate"})
# what closes or directs belongs to the level that an incident has come to
OWN_LEVEL = frozenset({"task", "close"})
# the highest response (1 is Ⅰ) that a level may set, and end
RESPONSE = {"city": 1, "district": 3, "subdistrict": 4, "community": 5}


def tier_of(grant: Grant) -> str:
    """The level of a grant: of its widest area."""
    if grant.areas is None:
        return "city"
    widest = min((len(area) for area in grant.areas), default=99)
    if widest < 6:
        return "city"
    return "district" if widest < 9 else "subdistrict" if widest < 12 else "community"


def require_tier(grant: Grant, action: str, tier: str) -> None:
    """Raise Denied where a grant's level may not do that at an incident's."""
    own = tier_of(grant)
    if action in OWN_LEVEL and TIERS.index(own) > TIERS.index(tier):
        raise Denied(
            f"this incident has come to the {tier} ({TIER_ZH[tier]}): the {own} "
            f"({TIER_ZH[own]}) may {', '.join(sorted(EVERYBODY))}"
        )


def require_response(grant: Grant, level: int, before: int) -> None:
    """Raise Denied where a grant's level may not set a response, or end or lower that one."""
    own = tier_of(grant)
    gravest = min(one for one in (level or 5, before or 5))
    if gravest < RESPONSE[own]:
        raise Denied(f"the {own} ({TIER_ZH[own]}) may not set or end a response that high")
