"""What happened in the menu."""

from dataclasses import dataclass, field

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrNodeEntered(Event):
    """The call came to `node` of `flow`; `known` is what the flow knows so far, without secrets.

    `passed` are the nodes before it, since the one entered last, that did nothing but lead on, in their order.
    `version` is the one that the call began with, and goes on with after a restart; 0: before versions were kept.
    """

    call_id: str
    flow: str
    node: str
    version: int = 0
    known: dict[str, str] = field(default_factory=dict)
    passed: tuple[str, ...] = ()

    @property
    def way(self) -> tuple[str, ...]:
        """Every node that the call came to by this, in order."""
        return (*self.passed, self.node)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsCollected(Event):
    """The caller pressed `digits` at `node`; None when they are secret: then only `length` is kept."""

    call_id: str
    node: str
    digits: str | None
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentified(Event):
    """The caller is customer `customer_id` (empty: nobody whom we know, after all).

    `how`: number, pin (account and PIN), or agent, who is `by` (an agent's id).
    """

    call_id: str
    customer_id: str
    how: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChosen(Event):
    """The caller wants to hear prompts in `language` from now on."""

    call_id: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementsHeard(Event):
    """The caller came to these announcements, in this order."""

    call_id: str
    announcement_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedStated(Event):
    """By the keys pressed the caller wants a person for `need`: business or complaint."""

    call_id: str
    need: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrFailed(Event):
    """A node could not do its work: `what`; the caller was taken to `to`."""

    call_id: str
    node: str
    what: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencePromptGiven(Event):
    """The silent-call script began to say `prompt` (1 to 3) at `node`; a restart goes on with the last one given."""

    call_id: str
    node: str
    prompt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceBroken(Event):
    """The caller was heard during or after `prompt`: `by` is speech or key. Normal service goes on."""

    call_id: str
    node: str
    prompt: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceReleased(Event):
    """Three prompts and three whole pauses passed in silence: the caller is let go next."""

    call_id: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceNoticed(Event):
    """The agent has answered and the caller has not been heard for a while: the script is offered."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceOver(Event):
    """The caller who had been noticed as silent was heard in the talk: `by` is speech or key.

    `by` unknown: the caller can no longer be listened to, so silence means nothing from now on.
    """

    call_id: str
    agent_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceScriptBegun(Event):
    """The agent had the silent-call script begun on the line."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRecalled(Event):
    """The agent took the caller back during or after `prompt` of the script."""

    call_id: str
    agent_id: str
    prompt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceKept(Event):
    """The agent's phone hung up on a silent caller: the PBX keeps the caller and the script is said to its end."""

    call_id: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceHangUpRefused(Event):
    """The agent's page asked to end a silent call too early: `why` is silent_script_running or silent_call."""

    call_id: str
    agent_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceUnheard(Event):
    """The script could not tell silence from speech (`why`) and was given up; a person takes the caller."""

    call_id: str
    node: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechHeard(Event):
    """What became of one spoken answer at `node`; `intent` is what it sounded like.

    `outcome`: sure (followed), unsure (asked back), confirmed, denied, unknown (nothing of ours) or silent (nothing
    said). `confidence` is the recogniser's, 0 to 1, `distance` the way from the nearest phrase, 0 the same. `text` only
    where the policy's `speech_transcript` keeps it, its figures masked.
    """

    call_id: str
    node: str
    outcome: str
    intent: str | None
    confidence: float
    distance: float
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechLost(Event):
    """Callers could not be listened to at `node` (`why`); the caller goes on with keys."""

    call_id: str
    node: str
    why: str
