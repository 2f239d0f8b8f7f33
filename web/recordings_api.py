"""Recordings: lists and their sound; agents have those of their own talks."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field

from core.errors import Forbidden
from recordings.events import RecordingHeard
from recordings.model import Kind, Recording
from recordings.store import RecordingFilter
from web import shapes
from web.cursor import cursor, place
from web.route import DESK, HEARING, Ask, Routes
from web.shapes import Given, Moment, Shape

routes = Routes("recordings")


class RecordingQuery(Given):
    """Which recordings: every filter that is given must fit."""

    call: str | None = None
    agent: str | None = Field(default=None, description="an agent's id, or me")
    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = None


class RecordingRow(Shape):
    """The recording of one talk: channel 0 the caller, channel 1 the agent's side; `audio` null: none.

    `kind` message or address: what a caller said to the machine.
    """

    id: str
    kind: str
    call_id: str
    agent_id: str
    state: str | None
    reason: str | None
    verdict: str | None
    talk_started_at: datetime
    talk_ended_at: datetime | None
    length_s: float | None
    size: int | None
    sha256: str | None
    audio: str | None


@routes.add("GET", "/recordings", roles=DESK | HEARING)
async def list_recordings(ask: Ask, query: RecordingQuery) -> shapes.Page[RecordingRow]:
    """List recordings, the latest talk first; an agent gets their own."""
    agent = ask.user.id if query.agent == "me" or ask.user.role.value not in HEARING else query.agent
    if query.agent not in (None, "me", agent):
        raise Forbidden("only your own recordings", agent_id=query.agent)
    wanted = RecordingFilter(
        call_id=query.call,
        agent_id=agent,
        since=query.since,
        until=query.until,
        before=place(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
    )
    found = await ask.services.recordings.list(wanted)
    page, more = found[: query.limit], len(found) > query.limit
    last = cursor(page[-1].talk_started_at, page[-1].id) if more else None
    return shapes.Page(items=[_row(one) for one in page], next_cursor=last)


@routes.add("GET", "/recordings/{id}", roles=DESK | HEARING)
async def read_recording(ask: Ask) -> RecordingRow:
    """Read one recording."""
    return _row(await _recording(ask))


@routes.add("GET", "/recordings/{id}/audio", roles=DESK | HEARING, media="audio/wav")
async def read_audio(ask: Ask) -> web.FileResponse:
    """Hear a recording: WAV 8 kHz 16-bit stereo; parts of it by Range."""
    recording = await _recording(ask)
    file = await ask.services.recordings.open_audio(recording.id)
    if not ask.request.http_range.start:  # a part further on belongs to what was opened before
        ask.services.journal.note(
            RecordingHeard(at=ask.services.clock.now(), recording_id=recording.id, by=ask.user.id)
        )
    headers = {"Content-Type": "audio/wav", "Cache-Control": "private, no-store"}
    return web.FileResponse(file, headers=headers)


async def _recording(ask: Ask) -> Recording:
    recording = await ask.services.recordings.get(ask.part("id"))
    said = recording.kind in (Kind.MESSAGE, Kind.ADDRESS)  # work for whoever takes the order
    if not said and recording.agent_id != ask.user.id and ask.user.role.value not in HEARING:
        raise Forbidden("only your own recordings", recording_id=recording.id)
    return recording


def _row(recording: Recording) -> RecordingRow:
    return RecordingRow(
        id=recording.id,
        kind=recording.kind.value,
        call_id=recording.call_id,
        agent_id=recording.agent_id,
        state=recording.state.value if recording.state else None,
        reason=recording.reason,
        verdict=recording.verdict.value if recording.verdict else None,
        talk_started_at=recording.talk_started_at,
        talk_ended_at=recording.talk_ended_at,
        length_s=recording.length_s,
        size=recording.size,
        sha256=recording.sha256,
        audio=f"/api/v1/recordings/{recording.id}/audio" if recording.path else None,
    )
