"""A caller is put through to a number that the flow permits: talk, busy, no answer, a kill in between, a hang-up."""

from pathlib import Path

import pytest

from cti.events import CallPutThrough
from cti.model import CallState
from ivr.events import IvrNodeEntered
from ivr.flow import Flow, load
from ivr.sources import FlowError
from speech.prompts import catalogue
from tests.ivr.caller import CALL, Caller
from tests.until import until

pytestmark = pytest.mark.integration

FLOW = """
flow: small
version: 1
start: out
trouble: bye
outside_numbers: ["{permitted}"]
nodes:
  out: {{do: transfer, name: duty, number: "{number}", busy: engaged, no_answer: silent, failed: lost, next: bye}}
  engaged: {{do: play, prompts: [queue_full], next: bye}}
  silent: {{do: play, prompts: [no_agent_goodbye], next: bye}}
  lost: {{do: play, prompts: [fault_taken], next: bye}}
  bye: {{do: hangup}}
"""
LEG = f"{CALL}-outside-1"


def flow(folder: Path, number: str = "02112345678", permitted: str = "02112345678") -> Flow:
    file = folder / "small.yaml"
    file.write_text(FLOW.format(number=number, permitted=permitted), "utf-8")
    return load(file, catalogue(site="x"))


async def test_they_talk_until_the_other_hangs_up(caller: Caller, tmp_path: Path) -> None:
    caller.line.seats.append("answer")
    await caller.serve(flow(tmp_path), await caller.arrives())
    assert caller.line.heard == ["transfer", "goodbye"]
    names = await caller.names()
    assert [n for n in names if n in ("CallPutThrough", "CallReturned")] == ["CallPutThrough", "CallReturned"]
    asked = caller.line.asked
    order = ["music", "dial 02112345678", "no music", f"join {CALL}-talk", f"leave {CALL}-talk", f"close {CALL}-talk"]
    assert [each for each in asked if each in order][: len(order)] == order


@pytest.mark.parametrize(
    ("seat", "heard"), [("busy", "queue_full"), ("silent", "no_agent_goodbye"), ("refused", "fault_taken")]
)
async def test_who_cannot_be_reached_is_told_so(caller: Caller, tmp_path: Path, seat: str, heard: str) -> None:
    caller.line.seats.append(seat)
    await caller.serve(flow(tmp_path), await caller.arrives())
    assert caller.line.heard == ["transfer", "transfer_failed", heard, "goodbye"]
    assert "CallPutThrough" not in await caller.names()
    if seat == "silent":
        assert f"hang_up {LEG} no_answer" in caller.line.asked


@pytest.mark.parametrize("seat", ["answer", "silent"])
async def test_a_caller_who_leaves_takes_the_other_leg_along(caller: Caller, tmp_path: Path, seat: str) -> None:
    caller.line.stays_on = True
    caller.line.seats.append(seat)
    task = caller.start(flow(tmp_path), await caller.arrives())
    await until(lambda: f"join {CALL}-talk" in caller.line.asked or (seat == "silent" and "music" in caller.line.asked))
    caller.line.gone(CALL)
    await until(task.done)
    assert f"hang_up {LEG} normal" in caller.line.asked
    assert (await caller.names())[-1] == "CallEnded"


async def test_a_talk_that_goes_on_through_a_restart_is_not_dialled_again(caller: Caller, tmp_path: Path) -> None:
    caller.line.stays_on = True
    caller.line.seats.append("answer")
    small = flow(tmp_path)
    task = caller.start(small, await caller.arrives())
    await until(lambda: f"join {CALL}-talk" in caller.line.asked)
    task.cancel()
    await until(task.done)
    assert not [each for each in caller.line.asked if each.startswith("hang_up")], "the service leaves both alone"
    await caller.journal.close()
    caller.line.asked.clear()
    caller.line.legs, caller.line.talks = {LEG}, {CALL, LEG}

    task = caller.start(small, caller.session(await caller.booked()))
    await until(lambda: "bridges" in caller.line.asked)
    caller.line.gone(LEG)
    await until(task.done)
    assert not [each for each in caller.line.asked if each.startswith(("dial", "join"))]
    assert (await caller.names()).count("CallPutThrough") == 1
    assert caller.line.heard == ["transfer", "goodbye"]


async def test_a_second_transfer_is_not_taken_for_what_is_left_of_the_first(caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    twice = FLOW.replace(
        "next: bye}}\n  engaged",
        "next: again}}\n  again: {{do: transfer, name: duty, number: "
        '"{number}", busy: engaged, no_answer: silent, failed: lost, next: bye}}\n  engaged',
    )
    file.write_text(twice.format(number="02112345678", permitted="02112345678"), "utf-8")
    caller.line.seats += ["answer", "answer"]
    caller.line.legs = {LEG}  # the PBX has not let go of it yet
    await caller.serve(load(file, catalogue(site="x")), await caller.arrives())
    assert caller.line.asked.count("dial 02112345678") == 2
    assert (await caller.names()).count("CallPutThrough") == 2
    assert caller.line.heard == ["transfer", "transfer", "goodbye"]


async def test_a_talk_that_ended_while_nobody_listened_is_over(caller: Caller, tmp_path: Path) -> None:
    session = await caller.arrives(state=CallState.MENU)
    now = caller.clock.now()
    entered = IvrNodeEntered(at=now, call_id=CALL, flow="small", node="out")
    await caller.journal.record(entered, CallPutThrough(at=now, call_id=CALL, to="duty"))
    await caller.serve(flow(tmp_path), session)
    assert caller.line.heard == ["goodbye"]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("02187654321", "is none of the flow's outside_numbers"),
        ("0085212345678", "does not fit; write figures of a number at home"),
        ("{account}", "does not fit; write figures of a number at home"),
    ],
)
def test_only_permitted_numbers_at_home_are_ever_dialled(tmp_path: Path, number: str, told: str) -> None:
    with pytest.raises(FlowError, match=told) as error:
        flow(tmp_path, number)
    assert "small.yaml:8" in str(error.value)
