"""What a caller says comes to us as sound, and nothing is left behind: asked of the fake and of the real Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from cti.ari.pbx import AriPbx
from cti.legs import is_ear
from cti.messages import ChannelGone
from cti.port import CallerAudio, NoSuchChannel, PbxRefused
from tests.cti.fake_ari import FakeAri
from tests.cti.lines import Lines, connected, fake_lines, real_lines
from tests.pbx import Pbx, shared_pbx
from tests.until import until

pytestmark = pytest.mark.integration

RATE = 8000
LOUD = (8000 * np.sin(2 * np.pi * 440 / RATE * np.arange(RATE))).astype(np.int16)


@pytest.fixture(scope="module")
def real() -> Iterator[Pbx]:
    with shared_pbx() as pbx:
        yield pbx


@pytest.fixture(params=["fake", "real"])
def which(request: pytest.FixtureRequest) -> Pbx | None:
    return request.getfixturevalue("real") if request.param == "real" else None


@pytest.fixture
async def lines(which: Pbx | None, tmp_path: Path) -> AsyncIterator[Lines]:
    async with real_lines(which, f"sound:{tmp_path}/none") if which else fake_lines() as found:
        yield found


async def heard(audio: CallerAudio, seconds: float) -> np.ndarray:
    """So many seconds of what is heard."""
    got = b""
    async with asyncio.timeout(seconds + 2):
        while len(got) < seconds * 2 * RATE:
            piece = await audio.read()
            assert piece is not None
            got += piece
    return np.frombuffer(got, "<i2").astype(np.float64)


async def parts(pbx: AriPbx) -> list[str]:
    """What there is to hear callers."""
    made = [c.id for c in await pbx.channels()] + [b.id for b in await pbx.bridges()]
    return [one for one in made if is_ear(one)]


async def nothing_left(pbx: AriPbx) -> None:
    async def none() -> bool:
        left[:] = await parts(pbx)
        return not left

    left: list[str] = []
    await until(none, 3, what=lambda: f"nothing is left of the hearing: {left}")


async def test_what_the_caller_says_is_heard_in_real_time_and_silence_as_silence(lines: Lines) -> None:
    channel, phone = await up(lines)
    audio = await lines.pbx.hear(channel)
    began = asyncio.get_running_loop().time()
    silent = await heard(audio, 0.5)
    assert np.abs(silent).max() <= 16, "A-law silence is 8"
    await phone.speak(LOUD)
    sound = await heard(audio, 1.5)
    assert 0.9 < np.sum(np.abs(sound) > 500) / RATE / 0.96 < 1.1, "one second of tone, at 8 kHz"
    phone.send_nothing()
    still = await heard(audio, 0.5)
    assert np.abs(still[-1600:]).max() <= 16, "a phone that sends nothing is heard as silence"
    took = asyncio.get_running_loop().time() - began
    assert 2.3 < took < 3.0, "2.5 s of sound in 2.5 s"
    await audio.close()
    # Asterisk lets the last part go with the next sound on the line, in either direction.
    await lines.pbx.play(channel, f"{channel}-play-0", ["tone:ring;tonezone=cn"])
    await nothing_left(lines.pbx)
    assert channel in [c.id for c in await lines.pbx.channels()], "the call itself goes on"


async def test_the_caller_does_not_hear_themselves_nor_do_we_hear_what_is_played(lines: Lines) -> None:
    channel, _ = await up(lines)
    audio = await lines.pbx.hear(channel)
    await lines.pbx.play(channel, f"{channel}-play-0", ["sound:digits/1", "tone:ring;tonezone=cn"])
    assert np.abs(await heard(audio, 0.6)).max() <= 16
    await audio.close()


async def test_a_caller_who_hangs_up_ends_the_sound_and_leaves_nothing(lines: Lines) -> None:
    channel, phone = await up(lines)
    audio = await lines.pbx.hear(channel)
    await heard(audio, 0.1)
    await phone.hang_up()
    await lines.listener.wait(ChannelGone, 1.0, channel_id=channel)
    await audio.close()
    await nothing_left(lines.pbx)


async def test_two_hearings_of_one_call_one_after_the_other(lines: Lines) -> None:
    channel, _ = await up(lines)
    for _ in range(2):
        audio = await lines.pbx.hear(channel)
        await heard(audio, 0.1)
        await audio.close()
    await nothing_left(lines.pbx)


async def test_a_channel_that_is_gone_cannot_be_heard(lines: Lines) -> None:
    channel, phone = await up(lines)
    await phone.hang_up()
    await lines.gone(channel)
    with pytest.raises(NoSuchChannel):
        await lines.pbx.hear(channel)
    await nothing_left(lines.pbx)


async def test_the_sound_is_had_only_with_the_random_name_of_its_connection(lines: Lines) -> None:
    channel, _ = await up(lines)
    audio = await lines.pbx.hear(channel)
    media = next(one for one in await parts(lines.pbx) if one.endswith("-media"))
    where = lines.pbx._ari._address.media
    async with aiohttp.ClientSession() as stranger:
        for guess in (media, channel, "1", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await stranger.ws_connect(f"{where}/{guess}")
    assert len(await heard(audio, 0.2)), "a guess disturbs nothing"
    await audio.close()


async def test_a_pbx_without_media_over_websocket_refuses_and_keeps_nothing() -> None:
    async with FakeAri() as fake, connected(fake.address) as (pbx, _):
        channel = fake.arrive()
        fake.hears = False
        with pytest.raises(PbxRefused):
            await pbx.hear(channel)
        await nothing_left(pbx)
        assert channel in fake.channels


async def up(lines: Lines):  # type: ignore[no-untyped-def]
    channel, phone = await lines.arrive()
    await lines.pbx.answer(channel)
    await phone.answered()
    return channel, phone
