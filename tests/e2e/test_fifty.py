"""Fifty callers at once: each is answered, hears the greeting, and leaves a whole story in the journal."""

import asyncio

import pytest

from cti.model import MOVES, CallState
from cti.ua import OutgoingCall, UserAgent
from tests.phone import caller
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]

CALLERS = [f"139{n:08}" for n in range(50)]
MOVED_TO = {(before.value, event.__name__): after for (before, event), after in MOVES.items()}


async def test_fifty_calls_at_once_without_an_error(hotline: Service) -> None:
    async with UserAgent() as phones:

        async def one(number: str) -> OutgoingCall:
            async with caller(hotline.pbx, number, ua=phones) as call:
                await call.wait_answered(15)
                await call.send_digits("w1,9")
                await asyncio.sleep(8)
                assert call.ended is None, f"{number}: {call.ended}"
                await call.hangup()
            return call

        calls = await asyncio.gather(*(one(number) for number in CALLERS))
    for call in calls:
        assert call.received.count > 200, "sound all the time"
    for number in CALLERS:
        await until(lambda n=number: hotline.calls(n, "ended"), 10, what="ended in the journal")  # type: ignore[misc]
        check_story(await hotline.timeline((await hotline.calls(number))[0]["id"]))
    log = (hotline.settings.var / "log" / "hotline.log").read_text()
    assert '"level": "error"' not in log, log[-2000:]


def check_story(story: list[dict[str, object]]) -> None:
    """Every event that moves a call follows from the one before, the last one ends it, the numbers rise."""
    numbers = [int(str(e["seq"])) for e in story]
    assert numbers == sorted(numbers)
    names = [str(e["event"]) for e in story]
    assert names[0] == "CallArrived"
    state = CallState.ARRIVED
    for name in names[1:]:
        state = MOVED_TO.get((state.value, name), state)
    assert state is CallState.ENDED, names
    assert names.count("CallEnded") == 1
    assert "IvrNodeEntered" in names
    assert "DigitsCollected" in names
