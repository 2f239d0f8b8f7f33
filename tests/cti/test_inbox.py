"""The inbox: bounded, in order, and a hang-up always fits."""

import asyncio

import pytest

from cti.inbox import LIMIT, Asked, Inbox
from cti.messages import ChannelGone, DigitPressed, Hold

pytestmark = pytest.mark.unit


def key(n: int) -> DigitPressed:
    return DigitPressed("c1", str(n % 10))


async def test_messages_come_out_as_they_went_in() -> None:
    inbox = Inbox()
    sent = [key(n) for n in range(10)]
    assert all(inbox.put(message) for message in sent)
    assert [await inbox.get(1) for _ in sent] == sent


async def test_a_full_inbox_drops_keys_and_says_so_but_never_a_hang_up() -> None:
    inbox = Inbox()
    assert [inbox.put(key(n)) for n in range(LIMIT + 5)] == [True] * LIMIT + [False] * 5
    gone = ChannelGone("c1-seat-1", 16, "")
    assert inbox.put(gone)
    for _ in range(LIMIT):
        assert isinstance(await inbox.get(1), DigitPressed)
    assert await inbox.get(1) == gone
    assert inbox.put(key(1)), "there is room again"


async def test_nothing_within_the_time_is_none() -> None:
    inbox = Inbox()
    assert await inbox.get(0.01) is None
    assert await inbox.get(0.0) is None
    inbox.put(key(1))
    assert await inbox.get(0.0) == key(1), "what is there is given also without time"


async def test_who_waits_is_woken() -> None:
    inbox = Inbox()
    asyncio.get_running_loop().call_soon(inbox.put, key(3))
    assert await inbox.get(None) == key(3)


async def test_emptying_gives_back_the_commands_alone() -> None:
    inbox = Inbox()
    asked = Asked(Hold("a1"), asyncio.get_running_loop().create_future())
    for message in (key(1), asked, key(2)):
        inbox.put(message)
    assert inbox.drain() == [asked]
    assert await inbox.get(0.0) is None
