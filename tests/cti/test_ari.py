"""The ARI connection itself: refused, lost, silent, flooded, taken over, and spoken to in nonsense."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.tasks import TaskOwner
from cti.ari import client, wire
from cti.ari.pbx import AriPbx
from cti.messages import DigitPressed
from cti.port import Arrival, PbxDown
from tests.cti.fake_ari import FakeAri
from tests.cti.lines import connected
from tests.service import free_port
from tests.until import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    async with FakeAri() as fake:
        yield fake


async def test_nobody_listens(fake: FakeAri) -> None:
    port = free_port()
    pbx = AriPbx(replace(fake.address, port=port))
    with pytest.raises(PbxDown, match=rf"127\.0\.0\.1:{port} does not answer.*http_port"):
        await pbx.connect()
    assert not pbx.connected


async def test_a_wrong_password_is_named(fake: FakeAri) -> None:
    pbx = AriPbx(replace(fake.address, password="wrong"))
    with pytest.raises(PbxDown, match="user name or password refused"):
        await pbx.connect()


@pytest.mark.parametrize("version", ["GIT-master-abc", "", "certified/20.7-cert1"])
async def test_a_version_that_is_no_number_is_spoken_to_over_http(version: str) -> None:
    async with FakeAri(version) as fake, connected(fake.address) as (pbx, _):
        before = fake.over_http
        await pbx.channels()
        assert fake.over_http == before + 1


async def test_requests_go_over_the_websocket_where_asterisk_knows_how(fake: FakeAri) -> None:
    async with connected(fake.address) as (pbx, _):
        await pbx.channels()
    assert fake.over_http == 0


async def test_only_the_wanted_events_are_asked_for_and_answers_are_among_them(fake: FakeAri) -> None:
    async with connected(fake.address):
        assert fake.allowed == set(wire.WANTED)
        assert "RESTResponse" in fake.allowed


async def test_a_lost_connection_ends_the_messages_and_whoever_waits(fake: FakeAri) -> None:
    tasks = TaskOwner("waiting")
    async with connected(fake.address) as (pbx, listener):
        fake.deaf = True
        waiting = tasks.start(pbx.channels(), "request")
        await until(lambda: pbx._ari._waiting, what="the request is under way")
        await fake.drop()
        with pytest.raises(PbxDown, match="lost"):
            await waiting
        await until(lambda: listener.over, what="the messages end")
        assert not pbx.connected
        with pytest.raises(PbxDown, match="not connected"):
            await pbx.channels()


async def test_an_answer_that_never_comes_is_the_end_of_the_connection(
    fake: FakeAri, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the call that asked would be served by nobody until the next loss."""
    monkeypatch.setattr(client, "ANSWER_LIMIT_S", 0.2)
    async with connected(fake.address) as (pbx, heard):
        fake.deaf = True
        with pytest.raises(PbxDown, match="did not answer GET channels"):
            await pbx.channels()
        await until(lambda: heard.over, what="everybody is told that the PBX is lost")
        fake.deaf = False


async def test_an_asterisk_that_is_frozen_is_known_without_a_call(
    fake: FakeAri, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(client, "ANSWER_LIMIT_S", 0.2)
    async with connected(fake.address) as (pbx, heard):
        await until(lambda: fake.asked.count(("GET", "asterisk/ping")) >= 3, what="it is asked again and again")
        assert pbx.connected
        fake.deaf = True
        await until(lambda: heard.over, what="the connection is over")
        fake.deaf = False


async def test_more_events_than_can_be_followed_end_the_connection(
    fake: FakeAri, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "EVENTS_WAITING", 5)
    pbx = AriPbx(fake.address)
    await pbx.connect()
    channel = fake.arrive()
    fake.press(channel, "0123456789")
    await until(lambda: not pbx.connected, what="the connection is given up")
    heard = list[object]()
    await pbx.listen(heard.append)
    assert len(heard) < 11
    await pbx.close()


async def test_nonsense_is_not_looked_at(fake: FakeAri) -> None:
    async with connected(fake.address) as (_, listener):
        for text in ("", "{", "[]", "null", '{"type": "Sunrise"}', '{"type": "StasisStart"}', '{"type": 5}', "\ud83d"):
            fake.say(text.encode("utf-8", "replace").decode())
        fake.say('{"type": "RESTResponse", "request_id": "999", "status_code": 200}')
        channel = fake.arrive()
        fake.press(channel, "1")
        await listener.wait(DigitPressed)
        assert [type(m) for m in listener.heard] == [Arrival, DigitPressed]


async def test_a_program_that_took_our_name_is_not_fought(fake: FakeAri) -> None:
    async with connected(fake.address) as (first, heard), connected(fake.address) as (second, _):
        await until(lambda: heard.over, what="the first one gives up")
        assert heard.taken
        assert not first.connected
        assert second.connected


async def test_a_hang_up_is_never_lost_to_an_answer_that_comes_in_the_same_moment(fake: FakeAri) -> None:
    """`asyncio.wait_for` of Python 3.11 forgets a cancellation when what it waits for is just done."""
    tasks = TaskOwner("cancelled")
    async with connected(fake.address) as (pbx, _):
        fake.deaf = True
        task = tasks.start(pbx.channels(), "request")
        waiting = pbx._ari._waiting
        await until(lambda: waiting, what="the request is under way")
        (asked,) = waiting.values()
        asked[1].set_result(wire.Response(request_id="1", status_code=200, message_body="[]"))
        task.cancel()
        fake.deaf = False
        with pytest.raises(asyncio.CancelledError):
            await task
