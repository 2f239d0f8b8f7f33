"""Recordings through the API: their rows, their sound in whole and in parts, and who may hear them."""

import wave
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest

from recordings import store
from recordings.model import Recording, RecordingState, Verdict
from tests.web.world import World

pytestmark = pytest.mark.integration


def sound(seconds: float) -> bytes:
    """A WAV file of `seconds`: 8 kHz, 16 bit, two channels."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(np.arange(round(seconds * 8000) * 2, dtype="<i2").tobytes())
    return file.getvalue()


async def keep(world: World, recording_id: str, agent: str, body: bytes | None) -> None:
    """Put a recording into the vault as the service leaves it; `body` None: its sound is missing."""
    now = world.clock.now()
    path = f"2026/{recording_id}.wav" if body is not None else None
    if path and body:
        file = world.vault.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    one = Recording(
        id=recording_id,
        call_id=recording_id.partition("-")[0],
        channel_id="c",
        agent_id=world.users[agent].id,
        answered_seq=int(recording_id.partition(".")[0]) + 1,
        talk_started_at=now - timedelta(seconds=3),
        state=RecordingState.STORED if body is not None else RecordingState.MISSING,
        talk_ended_at=now,
        verdict=Verdict.OK if body is not None else None,
        reason=None if body is not None else "disk_full",
        length_s=3.0 if body is not None else None,
        path=path,
    )
    await world.db.write(lambda connection: store.save(connection, one))


async def test_the_sound_is_heard_whole_and_in_parts(world: World) -> None:
    body = sound(3)
    await keep(world, "1.1-5", "1001", body)
    async with world.client("1001") as agent:
        row = await agent.ask("GET", "/recordings/1.1-5")
        assert (row["length_s"], row["verdict"], row["audio"]) == (3.0, "ok", "/api/v1/recordings/1.1-5/audio")
        url = world.base + row["audio"]
        async with agent.http.get(url, headers=agent.headers) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "audio/wav"
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert await answer.read() == body
        async with agent.http.get(url, headers=agent.headers | {"Range": "bytes=1000-1999"}) as part:
            assert part.status == 206
            assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(body)}"
            assert await part.read() == body[1000:2000]
        async with agent.http.get(url, headers=agent.headers | {"Range": f"bytes={len(body)}-"}) as beyond:
            assert beyond.status == 416


async def test_agents_hear_their_own_and_those_who_listen_all(world: World) -> None:
    await keep(world, "1.1-5", "1001", sound(0.1))
    await keep(world, "2.1-5", "1002", sound(0.1))
    heard = {}
    for name in ("1001", "1002", "lead", "quality", "supervisor", "admin"):
        async with world.client(name) as client:
            heard[name] = [row["id"] for row in (await client.ask("GET", "/recordings"))["items"]]
            for recording_id in ("1.1-5", "2.1-5"):
                url = f"{world.base}/api/v1/recordings/{recording_id}/audio"
                async with client.http.get(url, headers=client.headers) as answer:
                    assert answer.status == (200 if recording_id in heard[name] else 403)
    both = ["2.1-5", "1.1-5"]
    assert heard == {
        "1001": ["1.1-5"],
        "1002": ["2.1-5"],
        "lead": both,
        "quality": both,
        "supervisor": both,
        "admin": both,
    }


async def test_an_agent_cannot_ask_for_another_agents_list(world: World) -> None:
    async with world.client("1001") as agent:
        bert = world.users["1002"].id
        assert await agent.refused("GET", f"/recordings?agent={bert}", status=403) == "forbidden"


async def test_sound_that_is_missing_says_why(world: World) -> None:
    await keep(world, "1.1-5", "1001", None)
    async with world.client("1001") as agent:
        assert (await agent.ask("GET", "/recordings/1.1-5"))["reason"] == "disk_full"
        assert await agent.refused("GET", "/recordings/1.1-5/audio", status=404) == "no_audio"
        assert await agent.refused("GET", "/recordings/none", status=404) == "no_such_recording"


async def test_pages_of_recordings_hold_each_once(world: World) -> None:
    for n in range(5):
        await keep(world, f"{n}.1-5", "1001", None)
    async with world.client("lead") as lead:
        first = await lead.ask("GET", "/recordings?limit=3")
        rest = await lead.ask("GET", f"/recordings?limit=3&cursor={first['next_cursor']}")
        ids = [row["id"] for row in first["items"] + rest["items"]]
        assert sorted(ids) == [f"{n}.1-5" for n in range(5)]
        assert rest["next_cursor"] is None
        assert len((await lead.ask("GET", "/recordings?call=3.1"))["items"]) == 1
