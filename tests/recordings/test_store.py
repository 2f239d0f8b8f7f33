"""Recordings as rows, on each engine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.journal import append
from cti.events import AgentAnswered
from recordings import store
from recordings.model import Recording, RecordingState, Talk, Verdict, of_talk
from recordings.store import RecordingFilter

pytestmark = pytest.mark.integration

T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def stored(seq: int, call_id: str = "c1", agent_id: str = "a1") -> Recording:
    talk = Talk(call_id, call_id, agent_id, seq, T0 + timedelta(minutes=seq))
    return replace(
        of_talk(talk),
        state=RecordingState.STORED,
        talk_ended_at=talk.started_at + timedelta(seconds=12),
        captured_at=talk.started_at,
        verdict=Verdict.OK,
        length_s=12.01,
        path=f"2026/11/22/{talk.recording_id}.wav",
        size=3_000_000_000,
        sha256="ab" * 32,
    )


def test_comes_back_as_it_went_in_and_is_written_over(engine: Engine) -> None:
    recording = stored(1)
    with engine.begin() as connection:
        store.save(connection, replace(recording, state=RecordingState.CAPTURING, verdict=None))
        store.save(connection, recording)
        assert store.get(connection, recording.id) == recording
        assert store.get(connection, "none") is None


def test_lists_by_call_agent_and_time_latest_first_in_pages(engine: Engine) -> None:
    rows = [stored(n, call_id=f"c{n % 2}", agent_id=f"a{n % 3}") for n in range(1, 7)]
    with engine.begin() as connection:
        for row in rows:
            store.save(connection, row)
        assert store.find(connection, RecordingFilter()) == rows[::-1]
        assert store.find(connection, RecordingFilter(call_id="c1")) == [rows[4], rows[2], rows[0]]
        assert store.find(connection, RecordingFilter(agent_id="a0")) == [rows[5], rows[2]]
        since, until = rows[1].talk_started_at, rows[3].talk_started_at
        assert store.find(connection, RecordingFilter(since=since, until=until)) == [rows[2], rows[1]]
        first = store.find(connection, RecordingFilter(limit=4))
        before = (first[-1].talk_started_at, first[-1].id)
        assert first + store.find(connection, RecordingFilter(before=before)) == rows[::-1]
        assert store.find(connection, RecordingFilter(state=RecordingState.MISSING)) == []


def test_unsettled_are_those_under_way_and_those_missing_in_a_talk_that_may_go_on(engine: Engine) -> None:
    capturing = replace(stored(1), state=RecordingState.CAPTURING, verdict=None)
    missing = replace(stored(2), state=RecordingState.MISSING, talk_ended_at=None, verdict=None)
    over = replace(stored(3), state=RecordingState.MISSING, verdict=None)
    other = replace(stored(4, call_id="c2"), state=RecordingState.CAPTURING, verdict=None)
    with engine.begin() as connection:
        for row in (capturing, missing, over, other, stored(5)):
            store.save(connection, row)
        assert store.unsettled(connection) == [capturing, missing, other]
        assert store.unsettled(connection, "c1") == [capturing, missing]


def test_talks_of_the_journal_that_have_no_row(engine: Engine) -> None:
    def answered(call_id: str) -> AgentAnswered:
        return AgentAnswered(at=T0, call_id=call_id, agent_id="a1", seat_id="1001", channel_id=f"{call_id}-seat-1")

    with engine.begin() as connection:
        first, second = append(connection, [answered("c1"), answered("c2")])
        store.save(connection, stored(first.seq))
        assert store.talks_without_row(connection) == [Talk("c2", "c2", "a1", second.seq, T0)]
