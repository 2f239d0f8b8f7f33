"""The numbered stream: whoever comes back gets exactly what was missed, or a full state."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.stream import KEPT, TOO_SLOW, WAITING, Message, Outlet, Stream

pytestmark = pytest.mark.unit

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def message(n: int) -> Message:
    return Message("notice", AT, json.dumps({"n": n}))


async def drain(outlet: Outlet) -> list[dict[str, Any]]:
    return [json.loads(await outlet.next()) for _ in range(len(outlet))]


def test_a_message_bears_type_number_and_time_before_its_own_fields() -> None:
    assert json.loads(message(7).numbered(3)) == {"type": "notice", "seq": 3, "at": AT.isoformat(), "n": 7}
    assert json.loads(Message("pong", AT, "{}").numbered(3)) == {"type": "pong", "seq": 3, "at": AT.isoformat()}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 12)),
        st.tuples(st.just("pass"), st.integers(1, 3)),
        st.tuples(st.just("drop"), st.integers(0, 5)),
        st.tuples(st.just("back"), st.integers(0, 0)),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 10))
async def test_any_disconnections_lose_and_double_nothing(steps: list[tuple[str, int]], kept: int) -> None:
    """A desktop that reads some, loses the line with messages under way, and comes back, has the whole in order."""
    stream = Stream(1000, kept=kept)
    outlet: Outlet | None = Outlet()
    assert not stream.attach(outlet, None)
    put: list[int] = []
    have: list[int] = []
    last, whole = stream.seq, 0

    async def read(outlet: Outlet, lost: int = 0) -> None:
        """Take what arrived; the newest `lost` messages were still under way when the line broke."""
        nonlocal last
        arrived = await drain(outlet)
        for one in arrived[: len(arrived) - lost]:
            if one["type"] == "notice":
                assert one["seq"] == last + 1, "neither a gap nor a double"
                have.append(one["n"])
                last = one["seq"]
            assert one["seq"] == last

    for what, count in [*steps, ("back", 0)]:
        if what == "put":
            for _ in range(count):
                put.append(len(put))
                stream.put(message(put[-1]))
        elif what == "pass":
            stream.pass_on(Message("queue_stats", AT, '{"n":-1}'))
        elif what == "drop" and outlet is not None:
            await read(outlet, min(count, len(outlet)))
            stream.detach(outlet)
            outlet = None
        elif what == "back" and outlet is None:
            outlet = Outlet()
            if not stream.attach(outlet, last):
                assert stream.seq - last > kept, "a full state only when what was missed is not kept any more"
                have, last = put.copy(), stream.seq  # the hello says all of it
                whole += 1
    assert outlet is not None
    await read(outlet)
    assert have == put
    assert last == stream.seq == 1000 - 1 + len(put)


@pytest.mark.parametrize("since", [0, 998, 1006, 10**12])
def test_a_number_that_is_not_of_this_stream_is_not_resumed(since: int) -> None:
    stream = Stream(1000)
    for n in range(5):
        stream.put(message(n))
    assert stream.attach(Outlet(), since) is False


async def test_everything_that_is_kept_fits_into_a_new_socket() -> None:
    assert KEPT < WAITING
    stream, outlet = Stream(1), Outlet()
    for n in range(KEPT + 50):
        stream.put(message(n))
    assert stream.attach(outlet, stream.seq - KEPT)
    assert not outlet.closed.is_set()
    assert [m["seq"] for m in await drain(outlet)] == list(range(51, KEPT + 51))


async def test_a_socket_too_far_behind_is_closed_and_the_others_go_on() -> None:
    stream, slow, quick = Stream(1), Outlet(waiting=3), Outlet()
    stream.attach(slow, None)
    stream.attach(quick, None)
    for n in range(5):
        stream.put(message(n))
    assert (slow.closed.is_set(), slow.code) == (True, TOO_SLOW)
    assert [m["n"] for m in await drain(quick)] == [0, 1, 2, 3, 4]
    assert not quick.closed.is_set()
