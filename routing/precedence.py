"""Who goes ahead of others in a queue, by how much and why: a rule on causes, pure.

A cause gives a head start in seconds of waiting. Who has waited so much longer is still served before, so nobody
is passed for ever: only by those who come within the longest head start after them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.policy import Policy


class Cause(StrEnum):
    """Why a caller goes ahead; the policy's `ahead_<cause>` says by how many seconds."""

    DANGER = "danger"
    """Danger to life or property was reported."""
    IMPORTANT = "important"
    """An important user (重要用户) of the utility."""
    VIP = "vip"
    REPEAT = "repeat"
    """Called a short while ago for a person and reached none, or has an open work order."""


@dataclass(frozen=True, slots=True)
class Precedence:
    """The head start of a call, and its causes with the weightiest first."""

    ahead_s: float = 0.0
    causes: tuple[Cause, ...] = ()


NONE = Precedence()


def precedence(causes: Iterable[Cause], policy: Policy) -> Precedence:
    """Return what these causes give: the longest head start of one; several do not add up.

    So nobody comes before danger by being many other things at once.
    """
    weights = {cause: policy.number(f"ahead_{cause}") for cause in causes}
    if not weights:
        return NONE
    ordered = sorted(weights, key=lambda cause: (-weights[cause], cause))
    return Precedence(weights[ordered[0]], tuple(ordered))
