"""A shift lead listens, whispers, barges in, takes over: bridge and state of the talk are not touched before that."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Conflict
from cti.events import AgentAnswered, CallReleased, CallTransferred, MonitorStarted, MonitorStopped
from cti.messages import CompleteConsult, Consult, Hold, Resume, SeatOffered, TakeOver, Unwatch, Watch
from cti.messages import HangUp as HangUpByAgent
from tests.cti.exchange import Exchange, opened_exchange
from tests.cti.lines import SEATS
from tests.cti.test_consult import COLLEAGUE, heard_together, in_talk, queueing, session_of
from tests.until import until

pytestmark = pytest.mark.integration

LEAD = SeatOffered("lead", "1006", SEATS["other"])


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        exchange.program = queueing
        await exchange.serve()
        yield exchange


async def watched(exchange: Exchange, mode: str = "listen") -> tuple[str, str]:
    """A talk that the lead monitors; returns call and the lead's leg."""
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Watch("lead", LEAD, mode))
    await until(lambda: session_of(exchange, call_id).call.watch_mode == mode, what="the lead listens")
    leg = session_of(exchange, call_id).call.watch_channel_id
    assert leg is not None
    await hears(exchange, leg, mode)
    return call_id, leg


async def hears(exchange: Exchange, leg: str, mode: str) -> None:
    """Wait until exactly the channel of this mode is with the lead."""
    wanted = {leg, f"{leg}-spy-{mode}"}
    await until(lambda: exchange.fake.bridges.get(f"{leg}-bridge") == wanted, what=lambda: f"{exchange.fake.bridges}")
    spies = [one for one in exchange.fake.channels if "-spy-" in one]
    assert spies == [f"{leg}-spy-{mode}"]


async def test_modes_change_beside_the_talk_and_leave_it_alone(exchange: Exchange) -> None:
    call_id, leg = await watched(exchange)
    seat = f"{call_id}-seat-1"
    assert exchange.fake.channels[f"{leg}-spy-listen"].snooped == seat
    before = len(exchange.fake.asked)
    for mode in ("whisper", "barge", "listen"):
        await exchange.command(call_id, Watch("lead", LEAD, mode))
        await hears(exchange, leg, mode)
    touched = [uri for _, uri in exchange.fake.asked[before:] if uri.startswith(f"bridges/{call_id}-talk")]
    assert touched == [], "the bridge of the talk is not touched"
    await exchange.command(call_id, Unwatch("lead"))
    await until(lambda: leg not in exchange.fake.channels, what="the lead is let go")
    await heard_together(exchange, call_id, call_id, seat)
    await exchange.command(call_id, HangUpByAgent("a1"))
    story = await exchange.over(call_id)
    assert [e.mode for e in story if isinstance(e, MonitorStarted)] == ["listen", "whisper", "barge", "listen"]
    assert [e.why for e in story if isinstance(e, MonitorStopped)] == ["asked"]


@pytest.mark.parametrize("first", [None, "listen", "barge"])
@pytest.mark.parametrize("held", [False, True])
async def test_taking_over_makes_the_lead_the_agent(exchange: Exchange, first: str | None, held: bool) -> None:
    if first is None:
        call_id = await in_talk(exchange)
    else:
        call_id, _ = await watched(exchange, first)
    if held:
        await exchange.command(call_id, Hold("a1"))
    await exchange.command(call_id, TakeOver("lead", LEAD))
    await until(lambda: session_of(exchange, call_id).call.agent_id == "lead", what="the lead has the call")
    leg = session_of(exchange, call_id).call.seat_channel_id or ""
    await heard_together(exchange, call_id, call_id, leg)
    assert not exchange.fake.channels[call_id].music
    await until(lambda: set(exchange.fake.channels) == {call_id, leg}, what=lambda: f"{set(exchange.fake.channels)}")
    await exchange.command(call_id, Hold("lead"))
    await exchange.command(call_id, Resume("lead"))
    exchange.fake.phone_hangs_up(leg)
    story = await exchange.over(call_id)
    assert [(e.agent_id, e.to, e.by) for e in story if isinstance(e, CallTransferred)] == [("a1", "lead", "lead")]
    assert [(e.agent_id, e.how) for e in story if isinstance(e, AgentAnswered)] == [
        ("a1", "offered"),
        ("lead", "took_over"),
    ]
    assert [e.why for e in story if isinstance(e, MonitorStopped)] == (["took_over"] if first else [])


@pytest.mark.parametrize("who", ["caller", "agent", "lead", "completes"])
async def test_whoever_leaves_ends_the_monitoring_and_nobody_is_left(exchange: Exchange, who: str) -> None:
    call_id, leg = await watched(exchange, "whisper")
    if who == "completes":
        await exchange.command(call_id, Consult("a1", COLLEAGUE))
        await heard_together(exchange, call_id, f"{call_id}-seat-1", f"{call_id}-seat-2")
        await exchange.command(call_id, CompleteConsult("a1"))
    else:
        exchange.fake.phone_hangs_up({"caller": call_id, "agent": f"{call_id}-seat-1", "lead": leg}[who])
    await until(lambda: leg not in exchange.fake.channels, what="the lead is let go")
    if who in ("lead", "completes"):
        await until(lambda: session_of(exchange, call_id).call.watcher_id is None, what="the books know")
        assert [one for one in exchange.fake.channels if "-watch-" in one] == []
        exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    why = "hung_up" if who == "lead" else "talk_over"
    assert [e.why for e in story if isinstance(e, MonitorStopped)] == [why]
    assert [e.by for e in story if isinstance(e, CallReleased)] == ["agent" if who == "agent" else "caller"]


async def test_one_lead_at_a_time_and_nobody_monitors_their_own_call(exchange: Exchange) -> None:
    call_id, _ = await watched(exchange)
    with pytest.raises(Conflict, match="monitored already"):
        await exchange.command(call_id, Watch("other", LEAD, "listen"))
    with pytest.raises(Conflict, match="in this call yourself"):
        await exchange.command(call_id, Watch("a1", SeatOffered("a1", "1001", SEATS["answer"]), "listen"))
    with pytest.raises(Conflict, match="do not monitor"):
        await exchange.command(call_id, Unwatch("other"))


async def test_a_lead_whose_phone_is_not_there_is_told_and_can_try_again(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    with pytest.raises(Conflict, match="cannot be rung"):
        await exchange.command(call_id, Watch("lead", SeatOffered("lead", "1004", SEATS["away"]), "listen"))
    await exchange.command(call_id, Watch("lead", SeatOffered("lead", "1002", SEATS["busy"]), "listen"))
    await until(lambda: session_of(exchange, call_id).comes is None, what="the phone was busy")
    await exchange.command(call_id, Watch("lead", LEAD, "listen"))
    await until(lambda: session_of(exchange, call_id).call.watcher_id == "lead", what="the lead listens")


async def test_a_service_that_begins_anew_finds_the_lead_listening_and_the_third_party_talking(
    exchange: Exchange,
) -> None:
    call_id, leg = await watched(exchange)
    await exchange.command(call_id, Consult("a1", SeatOffered("a2", "1001", SEATS["answer"])))
    await heard_together(exchange, call_id, f"{call_id}-seat-1", f"{call_id}-seat-2")
    before, there = session_of(exchange, call_id).call, set(exchange.fake.channels)
    adoptions = len(exchange.adopted)
    await exchange.fake.drop()  # as for a restart: sessions end, and what the PBX has is taken up
    await until(lambda: len(exchange.adopted) > adoptions and exchange.service.pbx_trouble is None, what="taken up")
    assert session_of(exchange, call_id).call == before
    assert set(exchange.fake.channels) == there
    await hears(exchange, leg, "listen")
    await exchange.command(call_id, CompleteConsult("a1"))
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-2")
    await until(lambda: leg not in exchange.fake.channels, what="the lead is let go with the talk")
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)
