"""What a caller heard, named."""

import asyncio
from typing import Any

from app.dial_command import name_prompts
from cti.ua import OutgoingCall
from speech.fragments import PREFIX
from speech.matching import HeardPrompt
from tests.service import Service
from tests.until import until

SLIP_S = 0.05
"""By how much a pause may seem shorter than it was: sound comes in packets, and a busy PBX sends them late."""


async def heard(service: Service, call: OutgoingCall) -> list[HeardPrompt]:
    """Return the prompts and sentences that an ended call heard, in order; other calls go on meanwhile."""
    return await asyncio.to_thread(name_prompts, call, service.settings.var / "prompts")


async def hears(call: OutgoingCall, seconds: float, within: float = 30.0) -> None:
    """Wait until the caller has heard sound for so long from now on, however slow the machine; pauses do not count."""
    began = call.now()
    await until(lambda: call.received.sound(began) >= seconds, within, every=0.05, what=f"{seconds} s of sound")


def ids(prompts: list[HeardPrompt]) -> list[str]:
    """Return the ids of prompts; a sentence with the caller's own numbers counts as `said`."""
    return ["said" if is_sentence(p) else p.prompt for p in prompts]


def is_sentence(prompt: HeardPrompt) -> bool:
    """Whether this was synthesised for the call: its id is the hash under which it is kept."""
    return len(prompt.prompt) >= 32


def words(prompts: list[HeardPrompt]) -> str:
    """Return all words heard, one after the other."""
    return "".join(p.text for p in prompts)


def place(told: list[HeardPrompt], part: str) -> int:
    """Return where the words heard, commas left out, say `part`, or -1.

    Of a sentence in fragments one syllable may be missing: on a busy machine a hole in so short a piece hides its name.
    """
    said = words(told).replace("，", "")
    part = part.replace("，", "")
    if part in said or not any(p.prompt.startswith(PREFIX) for p in told):
        return said.find(part)
    found = (said.find(part[:n] + part[n + 1 :]) for n in range(len(part)))
    return next((at for at in found if at >= 0), -1)


def pauses(said: list[HeardPrompt], end: float) -> list[float]:
    """Return the silence after each prompt, in seconds: until the next one began, after the last until `end`.

    Every prompt has to have been heard to its end.
    """
    assert [prompt for prompt in said if not prompt.complete] == [], said
    nexts = [prompt.at for prompt in said[1:]] + [end]
    return [later - prompt.until for prompt, later in zip(said, nexts, strict=True)]


def way(events: list[Any]) -> list[str]:
    """Return the nodes to which a call has come by its timeline, those that only led on among them."""
    entered = [e["data"] for e in events if e["event"] == "IvrNodeEntered"]
    return [node for data in entered for node in (*data["passed"], data["node"])]


async def come_to(service: Service, caller: str, node: str, timeout: float = 30.0) -> None:
    """Wait until the latest call of `caller` has come to a node of the flow."""

    story: list[str] = []

    async def there() -> bool:
        calls = await service.calls(caller)
        events = await service.timeline(calls[0]["id"]) if calls else []
        story[:] = [f"{e['event']} {e['data'].get('node', '')}{e['data'].get('what', '')}" for e in events]
        return node in way(events)

    await until(there, timeout, every=0.05, what=lambda: f"{caller} comes to {node}: {story}")


async def come_to_state(service: Service, caller: str, state: str, timeout: float = 30.0) -> str:
    """Wait until the latest call of `caller` is in `state`; return the id of the call."""

    async def there() -> str:
        calls = await service.calls(caller)
        return str(calls[0]["id"]) if calls and calls[0]["state"] == state else ""

    return await until(there, timeout, every=0.02, what=f"{caller} is {state}")
