"""What an installation has that its flows may name beside prompts: policy rules, queues and skills."""

from collections.abc import Collection
from dataclasses import dataclass

from agents import catalogue
from agents.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Lists:
    """The ids of `queues` (empty: not checked), and the `skills` (None: those shipped)."""

    queues: Collection[str] = ()
    skills: Catalogue | None = None

    def check_skills(self, wanted: dict[str, int]) -> None:
        """Raise BadInput unless agents of this installation can have these skills at these levels."""
        (self.skills or catalogue.load()).check(wanted)


SHIPPED = Lists()
