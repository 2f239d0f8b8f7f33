"""What every verb of a flow is: fields from YAML, where it can lead, what it says, what it does."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ivr.call import IvrCall


class TargetMark:
    """Marks a field that names a node."""


class PromptMark:
    """Marks a field that names a prompt or a list of them."""


Target = Annotated[str, TargetMark()]
MaybeTarget = Annotated[str | None, TargetMark()]
Targets = Annotated[dict[str, str], TargetMark()]
Prompts = Annotated[tuple[str, ...], PromptMark()]

PERSON_KEY, BACK_KEY, REPEAT_KEY = "0", "*", "#"
"""Keys with one meaning everywhere: a person, one level back, say it again."""
TELEPHONE_KEYS = frozenset("0123456789*#")


class Node(BaseModel):
    """One step of a flow. `run` returns the id of the next node, or None when the call is over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: str
    note: str = Field(default="", description="for the reader of the flow")

    async def run(self, call: IvrCall, here: str) -> str | None:
        """Serve the caller at this node, whose id is `here`."""
        raise NotImplementedError(self.do)

    def targets(self) -> Iterator[tuple[str, str]]:
        """Yield (field, node id) for every way out."""
        for name, value in self._marked(TargetMark):
            if isinstance(value, dict):
                yield from ((f"{name}.{key}", target) for key, target in value.items())
            elif value:
                yield name, value

    def prompts_used(self) -> Iterator[tuple[str, str]]:
        """Yield (field, prompt id) for every prompt that may be said."""
        for name, value in self._marked(PromptMark):
            yield from ((name, prompt) for prompt in value)

    def _marked(self, mark: type) -> Iterator[tuple[str, Any]]:
        for name, field in type(self).model_fields.items():
            if any(isinstance(m, mark) for m in field.metadata):
                yield name, getattr(self, name)
