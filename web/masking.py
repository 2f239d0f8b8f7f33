"""Who sees a telephone number in full (PIPL: no more than the work needs)."""

SEE_NUMBERS = frozenset({"deputy", "shift_lead", "supervisor"})
"""They call people back and settle complaints; quality and admin judge and run, agents have their own call."""


def mask(number: str) -> str:
    """Return `number` with its middle hidden: 13800000001 -> 138****0001; what is no number stays."""
    if not number.isdigit():
        return number
    if len(number) <= 4:
        return "*" * len(number)
    shown = 3 if len(number) >= 9 else 1
    return number[:shown] + "*" * max(len(number) - shown - 4, 2) + number[-4 if len(number) >= 9 else -2 :]


def number_for(number: str, role: str, *, own: bool) -> str:
    """Return `number` as a person of `role` may see it; `own`: it belongs to their call."""
    return number if own or role in SEE_NUMBERS else mask(number)
