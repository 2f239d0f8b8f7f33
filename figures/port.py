"""What the API needs to have reports made: by somebody who does not keep live calls waiting."""

from typing import Any, Protocol

from figures.asking import Words


class Reports(Protocol):
    """Makes reports of any range beside the service."""

    async def kpi(self, words: Words, language: str) -> dict[str, Any]:
        """Return a report as `figures.export.to_data` gives it.

        Raises BadRange, NoSuchGroup, NoSuchVariant, NoData, NoSuchUser, and Unavailable when it cannot be made now.
        """
        ...
