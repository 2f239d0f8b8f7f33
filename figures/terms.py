"""What is counted, and by which thresholds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.policy import Policy

SCORE_OF_MOS = 20
"""Asterisk's media experience score is so many times the MOS [kpi.md, voice quality]."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is counted: contacts and presence in [begin, end), with thresholds T and s, and W of the repeat rule.

    `voice_pass`: the least media experience score, 0 to 100, of a leg that sounded well.
    """

    begin: datetime
    end: datetime
    threshold: timedelta
    short: timedelta
    repeat: timedelta
    voice_pass: float

    @classmethod
    def by(cls, policy: Policy, begin: datetime, end: datetime) -> "Terms":
        """Return what is counted in [begin, end), by the numbers of the policy."""
        return cls(
            begin,
            end,
            timedelta(seconds=policy.number("service_level_threshold")),
            timedelta(seconds=policy.number("short_abandon")),
            timedelta(days=policy.number("repeat_window")),
            SCORE_OF_MOS * policy.number("voice_pass"),
        )
