"""What the rest of the house relies on at the PBX, asked of the fake and of the real Asterisk alike."""

import asyncio
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ari.pbx import AriPbx
from cti.messages import (
    ChannelEntered,
    ChannelGone,
    ChannelRinging,
    DigitPressed,
    PhoneHeld,
    PhoneRefers,
    PhoneResumed,
    PlaybackEnded,
)
from cti.port import NoSuchChannel, PbxDown, PbxRefused
from cti.ringing import MISSED_BY_CAUSE
from tests.cti.lines import Lines, SeatPhone, ari_address, connected, fake_lines, real_lines
from tests.pbx import Pbx, shared_pbx, started_pbx
from tests.until import until

pytestmark = pytest.mark.integration

QUARTER = b"\x00\x10" * 2000


@pytest.fixture(scope="module")
def real() -> Iterator[Pbx]:
    with shared_pbx() as pbx:
        yield pbx


@pytest.fixture(params=["fake", "fake without REST over WebSocket", "real"])
def which(request: pytest.FixtureRequest) -> Pbx | str:
    return request.getfixturevalue("real") if request.param == "real" else str(request.param)


@pytest.fixture
async def lines(which: Pbx | str, tmp_path: Path) -> AsyncIterator[Lines]:
    if isinstance(which, Pbx):
        with wave.open(str(tmp_path / "quarter.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(QUARTER)
        async with real_lines(which, f"sound:{tmp_path}/quarter") as found:
            yield found
    else:
        async with fake_lines("22.10.1" if which == "fake" else "20.13.0") as found:
            yield found


async def up(lines: Lines) -> str:
    channel, phone = await lines.arrive()
    await lines.pbx.answer(channel)
    await phone.answered()
    return channel


async def test_a_caller_is_answered_heard_and_gone(lines: Lines) -> None:
    channel, phone = await lines.arrive("13800000009")
    arrival = lines.listener.heard[-1]
    assert (arrival.caller_raw, arrival.number) == ("13800000009", "95598")  # type: ignore[union-attr]
    await lines.pbx.answer(channel)
    await phone.answered()
    await phone.press("7#")
    await lines.listener.wait(DigitPressed, channel_id=channel, digit="7")
    await lines.listener.wait(DigitPressed, channel_id=channel, digit="#")
    await phone.hang_up()
    first = await lines.gone(channel)
    assert first.cause_text == "", "the request to hang up is the first sign, before Stasis ends"


async def test_we_hang_up(lines: Lines) -> None:
    channel, phone = await lines.arrive()
    await lines.pbx.answer(channel)
    await phone.answered()
    await lines.pbx.hang_up(channel)
    await phone.ended()
    await lines.gone(channel)
    await lines.pbx.hang_up(channel)


async def test_a_list_is_played_and_its_end_told_once(lines: Lines) -> None:
    channel = await up(lines)
    await lines.pbx.play(channel, f"{channel}-play-0", [lines.sound, lines.sound])
    ended = await lines.listener.wait(PlaybackEnded, playback_id=f"{channel}-play-0")
    assert not ended.failed
    await lines.pbx.play(channel, f"{channel}-play-1", [lines.sound])
    await lines.listener.wait(PlaybackEnded, playback_id=f"{channel}-play-1")
    assert len([m for m in lines.listener.heard if isinstance(m, PlaybackEnded)]) == 2


async def test_media_that_are_not_there_end_as_failed(lines: Lines) -> None:
    channel = await up(lines)
    await lines.pbx.play(channel, f"{channel}-play-0", ["sound:/nowhere/missing"])
    assert (await lines.listener.wait(PlaybackEnded, playback_id=f"{channel}-play-0")).failed


async def test_stopping_a_playback_that_is_over_is_fine(lines: Lines) -> None:
    channel = await up(lines)
    await lines.pbx.stop_playback(f"{channel}-play-0")
    await lines.pbx.play(channel, f"{channel}-play-0", [lines.sound] * 20)
    await lines.pbx.stop_playback(f"{channel}-play-0")
    await lines.listener.wait(PlaybackEnded, 2.0, playback_id=f"{channel}-play-0")


async def test_a_seat_rings_and_answers(lines: Lines) -> None:
    await lines.dial("answer", "c1-seat-1")
    await lines.listener.wait(ChannelRinging, channel_id="c1-seat-1")
    await lines.listener.wait(ChannelEntered, channel_id="c1-seat-1")
    seen = {c.id: c for c in await lines.pbx.channels()}["c1-seat-1"]
    assert seen.up
    assert (seen.variables["HOTLINE_CALL"], seen.variables["HOTLINE_ROLE"]) == ("c1", "seat")


@pytest.mark.parametrize(("phone", "cause"), [("busy", "busy"), ("reject", "rejected")])
async def test_a_seat_that_does_not_take_the_call_says_why(lines: Lines, phone: str, cause: str) -> None:
    await lines.dial(phone, "c2-seat-1")
    assert MISSED_BY_CAUSE[(await lines.gone("c2-seat-1")).cause] == cause


async def test_a_seat_without_a_registered_phone_is_refused_at_once(lines: Lines) -> None:
    with pytest.raises(PbxRefused):
        await lines.dial("away", "c4-seat-1")
    assert await lines.pbx.channels() == []


async def test_a_ringing_seat_is_given_up(lines: Lines) -> None:
    await lines.dial("answer", "c3-seat-1")
    await lines.listener.wait(ChannelRinging, channel_id="c3-seat-1")
    await lines.pbx.hang_up("c3-seat-1", "no_answer")
    await lines.gone("c3-seat-1")


async def test_caller_and_seat_are_joined_parted_and_joined_again(lines: Lines) -> None:
    channel = await up(lines)
    seat, bridge = f"{channel}-seat-1", f"{channel}-talk"
    await lines.dial("answer", seat, channel)
    await lines.listener.wait(ChannelEntered, channel_id=seat)
    await lines.pbx.start_music(channel)
    await lines.pbx.stop_music(channel)
    await lines.pbx.join(bridge, channel, seat)
    await until(lambda: together(lines, bridge, {channel, seat}), what="both are in")
    await lines.pbx.join(bridge, channel, seat)
    await lines.pbx.leave(bridge, channel)
    await until(lambda: together(lines, bridge, {seat}), what="the seat alone is in")
    await lines.pbx.leave(bridge, channel)
    await lines.pbx.start_music(channel)
    await lines.pbx.stop_music(channel)
    await lines.pbx.join(bridge, channel, seat)
    await until(lambda: together(lines, bridge, {channel, seat}), what="both are in again")
    await lines.pbx.close_bridge(bridge)
    await lines.pbx.close_bridge(bridge)
    await until(lambda: no_bridges(lines), what="the bridge is gone")


async def together(lines: Lines, bridge_id: str, channels: set[str]) -> bool:
    return any(b.id == bridge_id and b.channels == channels for b in await lines.pbx.bridges())


async def no_bridges(lines: Lines) -> bool:
    return not await lines.pbx.bridges()


async def test_music_that_was_never_started_can_be_stopped(lines: Lines) -> None:
    await lines.pbx.stop_music(await up(lines))


async def test_keys_are_sent(lines: Lines) -> None:
    await lines.pbx.send_digits(await up(lines), "12#")


async def test_a_channel_that_is_gone_is_said_to_be_gone(lines: Lines) -> None:
    live, gone = await up(lines), "nobody-1.0"
    for work in (
        lines.pbx.answer(gone),
        lines.pbx.play(gone, f"{gone}-play-0", [lines.sound]),
        lines.pbx.start_music(gone),
        lines.pbx.stop_music(gone),
        lines.pbx.send_digits(gone, "1"),
        lines.pbx.join(f"{live}-talk", live, gone),
    ):
        with pytest.raises(NoSuchChannel):
            await work
    await lines.pbx.hang_up(gone)
    await lines.pbx.leave(f"{live}-talk", gone)
    await lines.pbx.leave("nowhere-talk", live)
    await lines.pbx.close_bridge(f"{live}-talk")


async def test_many_requests_at_once_each_get_their_own_answer(lines: Lines) -> None:
    channel = await up(lines)
    asked = [lines.pbx.start_music(channel if n % 2 else "nobody-1.0") for n in range(40)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(t, NoSuchChannel) for t in told] == [n % 2 == 0 for n in range(40)]


async def test_a_caller_who_hangs_up_while_a_prompt_plays_is_gone_at_once(lines: Lines) -> None:
    channel, phone = await lines.arrive()
    await lines.pbx.answer(channel)
    await phone.answered()
    await lines.pbx.play(channel, f"{channel}-play-0", [lines.sound] * 40)
    await phone.hang_up()
    await lines.listener.wait(ChannelGone, 1.0, channel_id=channel)


async def test_the_real_one_stops_and_is_found_again() -> None:
    async with started_pbx() as pbx, connected(ari_address(pbx)) as (ari, listener):
        await pbx.asterisk.stop()
        await until(lambda: listener.over, 10, what="the messages end")
        assert not ari.connected
        with pytest.raises(PbxDown):
            await ari.channels()
        with pytest.raises(PbxDown, match="does not answer"):
            await ari.connect()
        await pbx.asterisk.start()
        await ari.connect()
        assert await ari.channels() == []


async def test_the_real_one_names_a_wrong_password(real: Pbx) -> None:
    with pytest.raises(PbxDown, match="user name or password refused"):
        await AriPbx(replace(ari_address(real), password="wrong")).connect()


async def in_talk(lines: Lines) -> tuple[str, str]:
    channel = await up(lines)
    seat = f"{channel}-seat-1"
    await lines.dial("answer", seat)
    await lines.listener.wait(ChannelEntered, channel_id=seat)
    await lines.pbx.join(f"{channel}-talk", channel, seat)
    return channel, seat


async def _told(phone: SeatPhone, what: str) -> None:
    await until(lambda: phone.told() == what, what=lambda: f"the phone is told {what}, not {phone.told()!r}")


async def test_the_transfer_key_of_a_phone_is_told_and_nothing_is_done_by_itself(lines: Lines) -> None:
    channel, seat = await in_talk(lines)
    phone = lines.phone(seat)
    for to, taken in (("1002", True), ("02112345678", False)):
        await phone.refer(to)
        await lines.listener.wait(PhoneRefers, channel_id=seat, to=to, attended=False)
        assert {channel, seat} <= {one.id for one in await lines.pbx.channels()}
        await lines.pbx.refer_told(seat, taken=taken)
        await _told(phone, "done" if taken else "declined")
    assert len([m for m in lines.listener.heard if isinstance(m, PhoneRefers)]) == 2, "our own answers are no wishes"
    await lines.pbx.refer_told(channel, taken=False)


async def test_the_hold_key_of_a_phone_is_told(lines: Lines) -> None:
    _, seat = await in_talk(lines)
    await lines.phone(seat).hold(on=True)
    await lines.listener.wait(PhoneHeld, channel_id=seat)
    await lines.phone(seat).hold(on=False)
    await lines.listener.wait(PhoneResumed, channel_id=seat)


@pytest.mark.parametrize("to", ["all", "seat", "caller"])
async def test_something_is_said_in_a_talk_to_all_or_to_one(lines: Lines, to: str) -> None:
    channel, seat = await in_talk(lines)
    playback = f"{channel}-play-0"
    if to == "all":
        await lines.pbx.play_to_all(f"{channel}-talk", playback, [lines.sound])
    else:
        await lines.pbx.play(seat if to == "seat" else channel, playback, [lines.sound])
    ended = await lines.listener.wait(PlaybackEnded, playback_id=playback)
    assert not ended.failed
    (bridge,) = [one for one in await lines.pbx.bridges() if one.id == f"{channel}-talk"]
    assert {channel, seat} <= bridge.channels
