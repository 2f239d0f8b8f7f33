"""What every verb of a flow is: fields from YAML, where it can lead, what it says, what it does."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ivr.call import IvrCall
from ivr.events import IvrFailed
from speech.prompts import Prompt


class Mark:
    """Marks a field that names things of one kind; the published schema tells the kind as `x-names`."""

    names: ClassVar[str]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), "x-names": self.names}


class TargetMark(Mark):
    """Marks a field that names a node."""

    names = "node"


class PromptMark(Mark):
    """Marks a field that names a prompt or a list of them."""

    names = "prompt"


class RuleMark(Mark):
    """Marks a field that names a rule of the policy."""

    names = "rule"


class QueueMark(Mark):
    """Marks a field that names a queue."""

    names = "queue"


class VariableMark(Mark):
    """Marks a field that names a variable."""

    names = "variable"


Target = Annotated[str, TargetMark()]
MaybeTarget = Annotated[str | None, TargetMark()]
Targets = Annotated[dict[str, str], TargetMark()]
Prompts = Annotated[tuple[str, ...], PromptMark()]
RuleName = Annotated[str, RuleMark()]
QueueName = Annotated[str, QueueMark()]

FACTS = frozenset(
    {
        *("caller_known", "identified", "accounts", "bills", "outages", "hour", "weekday", "working_day", "verified"),
        *("speech_first", "in_danger", "language", "storm", "shed"),
    }
)
"""Names that the engine and its nodes give; no flow sets them, so that nobody is verified by a line of YAML."""


def _free(name: str) -> str:
    if name in FACTS:
        raise ValueError(f"{name!r} is a fact that the hotline itself knows; choose another name")
    return name


NAME = "^[a-z][a-z0-9_]*$"
"""What the name of a flow, or of a number outside, looks like."""
VARIABLE = "^[a-z][a-z_]*$"
"""What the name of a variable looks like."""
Variable = Annotated[str, Field(pattern=VARIABLE), AfterValidator(_free), VariableMark()]

PERSON_KEY, BACK_KEY, REPEAT_KEY = "0", "*", "#"
"""Keys with one meaning everywhere: a person, one level back, say it again."""
TELEPHONE_KEYS = frozenset("0123456789*#")


def failed(call: IvrCall, here: str, error: Exception, to: str | None) -> str:
    """Note that the node `here` failed with `error` and return where that leads; raise it where nothing is named."""
    if to is None:
        raise error
    call.stay()
    what = type(error).__name__
    call.session.note(IvrFailed(at=call.services.clock.now(), call_id=call.id, node=here, what=what, to=to))
    return to


class Node(BaseModel):
    """One step of a flow. `run` returns the id of the next node, or None when the call is over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by_caller: ClassVar[frozenset[str]] = frozenset()
    """Ways out (fields) that open only when the caller, or a person, does something; silence never takes them."""
    ends: ClassVar[bool] = False
    """The call may end here."""
    leads_on: ClassVar[bool] = False
    """It may do nothing but lead on. Before anything is heard, written or waited for it calls `call.stay()`."""

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

    def said(self) -> Iterator[Prompt]:
        """Yield the prompts that this node brings along: rendered before any call, as those of the catalogue."""
        yield from ()

    def sets(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for every variable that this node may set."""
        yield from ()

    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for every variable that this node reads and another has to set."""
        yield from ()

    def _marked(self, mark: type) -> Iterator[tuple[str, Any]]:
        for name, field in type(self).model_fields.items():
            if any(isinstance(m, mark) for m in field.metadata):
                yield name, getattr(self, name)
