"""What a caller can leave behind, as the menu uses it: the wish to be told when the power is back."""

from collections.abc import Sequence
from typing import Protocol


class Watches(Protocol):
    """Notes to callers without power once it is back (`ivr/watches.py` does it)."""

    async def watchable(self, accounts: Sequence[str]) -> bool:
        """Tell whether an outage or an open fault explains why one of the accounts has no power."""
        ...

    async def watch(self, call_id: str, number: str, accounts: Sequence[str]) -> bool:
        """Let the telephone `number` be told when it is over, once for each cause; False: it is over already."""
        ...
