"""What the API needs to have bills put on paper: by somebody who does not keep live calls waiting."""

from typing import Protocol

from desk.billing.explanation import Records
from desk.billing.step_words import Language
from desk.billing.supply import Supply


class Papers(Protocol):
    """Makes bills on paper beside the service."""

    async def pdf(self, records: Records, supply: Supply, language: Language) -> bytes:
        """Return the bill of a supply among the records of its account as a PDF.

        Raises BillRefused when it cannot be reckoned, and Unavailable when it cannot be made now.
        """
        ...
