"""Callers who reach a person: sound both ways, the pop before the phone, holding, the recording, the end."""

import asyncio
import json
import os
import sys
import wave
from collections import Counter
from datetime import datetime
from io import BytesIO
from typing import Any

import aiohttp
import numpy as np
import pytest

from app.robot_voice import babble
from cti.ua import tone_power
from tests.e2e.heard import come_to, come_to_state, heard, ids
from tests.pbx import ROOT
from tests.phone import caller, seat_phone
from tests.service import Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

CALLER_HZ, AGENT_HZ = 440.0, 700.0
MOMENTS = ["menu", "queued", "ringing", "talking"]


async def state_of(hotline: Service, who: str) -> str:
    return str((await hotline.agent(who))["state"])


async def test_sound_goes_both_ways_and_the_recording_holds_each_side_on_its_own_channel(hotline: Service) -> None:
    number, seat = "13800000004", hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.make_ready("anna")
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,0")
            leg = await phone.ringing(60)
            assert await state_of(hotline, "anna") in ("reserved", "ringing")
            await leg.answer()
            began = call.now()
            call.tone(CALLER_HZ)
            leg.tone(AGENT_HZ)
            await asyncio.sleep(3)
            ended = call.now()
            assert call.received.tone_power(AGENT_HZ, began + 0.5, ended) > -20, "dB of full scale"
            assert await state_of(hotline, "anna") == "talking"
            await leg.hangup()
            await until(lambda: hotline.calls(number, "ended"), 30, what="the call is over")
        assert leg.received.tone_power(CALLER_HZ, 0.5, 2.5) > -20
        await until(lambda: in_state(hotline, "anna", "wrap_up"), 2, what="wrap-up")
        await hotline.request("anna", "POST", "/agents/me/state", {"state": "ready"})
        assert await state_of(hotline, "anna") == "ready"
    recording = await stored(hotline, number)
    story = await hotline.timeline(recording["call_id"])
    at = {e["event"]: e["at"] for e in story}
    talk = seconds(at["AgentAnswered"], at["CallReleased"])
    sound, rate = await audio(hotline, recording["id"])
    assert rate == 8000
    assert abs(len(sound) / rate - talk) <= 0.5
    left, right = sound[rate : 3 * rate, 0], sound[rate : 3 * rate, 1]
    assert tone_power(left, CALLER_HZ) > tone_power(left, AGENT_HZ) + 30
    assert tone_power(right, AGENT_HZ) > tone_power(right, CALLER_HZ) + 30


async def in_state(hotline: Service, who: str, state: str) -> bool:
    return await state_of(hotline, who) == state


async def hung_up(hotline: Service, who: str, call_id: str) -> bool:
    headers = {"Authorization": f"Bearer {hotline.tokens[who]}"}
    async with hotline.api.post(f"{hotline.base}/api/v1/calls/{call_id}/hangup", headers=headers) as answer:
        return answer.status == 200


async def stored(hotline: Service, number: str, kind: str = "talk") -> Any:
    """Wait until the latest recording of a kind of the latest call is stored, and return it."""
    call_id = (await hotline.calls(number))[0]["id"]

    async def found() -> Any:
        items = (await hotline.request("quality", "GET", f"/recordings?call={call_id}"))["items"]
        items = [one for one in items if one["kind"] == kind]
        return items[0] if items and items[0]["state"] == "stored" else None

    return await until(found, 15, what="the recording is stored")


async def audio(hotline: Service, recording_id: str) -> tuple[Any, int]:
    headers = {"Authorization": f"Bearer {hotline.tokens['quality']}"}
    async with hotline.api.get(f"{hotline.base}/api/v1/recordings/{recording_id}/audio", headers=headers) as answer:
        assert answer.status == 200
        with wave.open(BytesIO(await answer.read())) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
            data = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
            return data, file.getframerate()


def seconds(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


async def test_the_pop_is_on_the_desktop_before_the_phone_is_answered(hotline: Service) -> None:
    number, seat = "13800000002", hotline.pbx.seats[1]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.make_ready("bert")
        headers = {"Authorization": f"Bearer {hotline.tokens['bert']}"}
        async with (
            hotline.api.ws_connect(f"{hotline.base}/api/v1/desktop", headers=headers) as desktop,
            caller(hotline.pbx, number) as call,
        ):
            hello = await message(desktop, "hello")
            assert hello["agent"]["state"] == "ready"
            await call.wait_answered(5)
            await call.send_digits("w0.3,4")  # business, and there a person
            await come_to(hotline, number, "business")
            await call.send_digits("w0.3,0")
            pop = await message(desktop, "screen_pop", 60)
            leg = await phone.ringing(10)
            assert leg.times.answered is None, "nobody has answered yet"
            assert pop["customer"]["name"] == "王芳"
            assert pop["caller"] == number
            assert str(pop["bill"]["total_due_yuan"]) == "101.00"
            assert await needs(hotline, number) == ["business"]
            assert "0" in json.dumps(pop["ivr_path"])
            await leg.answer()
            call_id = await come_to_state(hotline, number, "talking")
            await hotline.request("bert", "POST", f"/calls/{call_id}/hold")
            assert (await hotline.calls(number))[0]["state"] == "held"
            begin = call.now()
            await asyncio.sleep(1)
            assert np.abs(call.received.pcm(begin + 0.3)).max() > 50, "music is heard on hold"
            await hotline.request("bert", "POST", f"/calls/{call_id}/resume")
            assert (await hotline.calls(number))[0]["state"] == "talking"
            await call.play(babble(2, 180, 7))  # on a caller whom nobody has heard the page may not hang up
            await until(lambda: hung_up(hotline, "bert", call_id), 10, what="the page hangs up")
            await until(lambda: hotline.calls(number, "ended"), 30, what="the call is over")
        await until(lambda: in_state(hotline, "bert", "wrap_up"), 2, what="wrap-up")
        await hotline.request("bert", "POST", "/agents/me/state", {"state": "not_ready", "reason": "meal"})


async def test_after_the_talk_the_caller_says_how_satisfied_they_are(hotline: Service) -> None:
    number, seat = "13900000022", hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.make_ready("anna")
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,5")  # a complaint
            leg = await phone.answer(60)
            call_id = await come_to_state(hotline, number, "talking")
            await call.send_digits("9")  # to the agent; it answers nothing that is asked later
            await leg.hangup()
            await come_to(hotline, number, "survey")
            await call.send_digits("w1,2,w2,4")
            await until(lambda: hotline.calls(number, "ended"), 30, what="the call is over")
            assert await needs(hotline, number) == ["complaint"]
        assert ids(await heard(hotline, call))[-4:] == ["survey_ask", "survey_reason", "survey_thanks", "goodbye"]
    (row,) = (await hotline.request("quality", "GET", "/surveys?worst=2"))["items"]
    assert (row["call_id"], row["score"], row["reason"]) == (call_id, 2, "not_solved")
    orders = (await hotline.request("quality", "GET", "/work-orders"))["items"]
    [task] = [one for one in orders if one["kind"] == "return_visit"]
    assert (task["call_id"], task["survey"]["score"], task["survey"]["reason"]) == (call_id, 2, "not_solved")


async def needs(hotline: Service, number: str) -> list[str]:
    """Return what the latest call of a number wanted a person for."""
    story = await hotline.timeline((await hotline.calls(number))[0]["id"])
    return [e["data"]["need"] for e in story if e["event"] == "NeedStated"]


async def message(desktop: aiohttp.ClientWebSocketResponse, kind: str, timeout: float = 10) -> Any:
    """Return the next message of a kind."""
    async with asyncio.timeout(timeout):
        while True:
            found = await desktop.receive_json()
            if found["type"] == kind:
                return found


async def test_a_seat_that_does_not_answer_loses_the_call_to_the_next_and_the_caller_keeps_the_place(
    hotline: Service,
) -> None:
    number, seats = "13900000021", hotline.pbx.seats
    async with (
        seat_phone(hotline.pbx, seats[2].sip_username, seats[2].sip_password) as silent,
        seat_phone(hotline.pbx, seats[3].sip_username, seats[3].sip_password) as lively,
    ):
        await hotline.make_ready("carl")
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            await call.send_digits("w0.3,0")
            await silent.ringing(60)
            await hotline.make_ready("dora")
            leg = await lively.answer(30)
            await come_to_state(hotline, number, "talking")
            carl = await hotline.agent("carl")
            assert (carl["state"], carl["cause"]) == ("not_ready", "no_answer")
            story = await hotline.story(number)
            assert story.count("CallQueued") == 1, "the place is kept: queued once"
            assert story.count("AgentMissed") == 1
            await leg.hangup()
        await until(lambda: hotline.calls(number, "ended"), 30, what="the call is over")
        await until(lambda: in_state(hotline, "dora", "wrap_up"), 2, what="wrap-up")
        await hotline.request("dora", "POST", "/agents/me/state", {"state": "not_ready", "reason": "meal"})


async def phone_gone(hotline: Service, who: str) -> bool:
    """Whether the service has seen that a seat's phone unregistered."""
    return not (await hotline.agent(who))["seat_registered"]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_caller_who_hangs_up_frees_the_seat_and_ends_in_the_journal_within_a_second(
    hotline: Service, moment: str
) -> None:
    # A number for each: the end of another one's call must not be taken for this one's.
    number, seat = f"1390000003{MOMENTS.index(moment)}", hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.request("anna", "GET", "/agents/me")
        if moment in ("ringing", "talking"):
            await hotline.make_ready("anna")
        elif await state_of(hotline, "anna") == "ready":
            await hotline.request("anna", "POST", "/agents/me/state", {"state": "not_ready", "reason": "training"})
        async with caller(hotline.pbx, number) as call:
            await call.wait_answered(5)
            if moment != "menu":
                await call.send_digits("w0.3,0")
            if moment in ("ringing", "talking"):
                leg = await phone.ringing(60)
                if moment == "talking":
                    await leg.answer()
            await come_to_state(hotline, number, moment)
            await call.hangup()
        await until(lambda: hotline.calls(number, "ended"), 1, what="the call ended in the journal")
        ended = (await hotline.calls(number))[0]
        assert ended["ended_by"] == "caller"
        after = {"ringing": "ready", "talking": "wrap_up"}.get(moment)
        if after:
            await until(lambda: in_state(hotline, "anna", after), 1, what="the seat is free")
            assert leg.ended is not None or await leg.wait_ended(1)
        if after == "wrap_up":
            await hotline.request("anna", "POST", "/agents/me/state", {"state": "ready"})
        if after:
            await hotline.request("anna", "POST", "/agents/me/state", {"state": "not_ready", "reason": "training"})
    await until(lambda: phone_gone(hotline, "anna"), 10, what="the phone is known to be gone before the next one comes")
    last = (await hotline.timeline(ended["id"]))[-1]["event"]
    stored = ("RecordingStored", "RecordingMissing")  # a talk of some milliseconds may have no sound
    assert last in ("CallEnded", *stored, "VoiceMeasured", "AgentStateChanged", "ReservationReleased")


async def test_p15_the_figures_say_what_these_callers_did_before_and_after_a_kill(hotline: Service) -> None:
    """From the journal by command, live by the API, and again after a SIGKILL: the same, and what happened."""
    number, seat = "13900000039", hotline.pbx.seats[0]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.make_ready("anna")
        async with caller(hotline.pbx, number) as own:
            await own.wait_answered(5)
            await own.send_digits("w0.3,0")
            await phone.answer(60)
            await come_to_state(hotline, number, "talking")
        await until(lambda: hotline.calls(number, "ended"), 30, what="the call is over")
        await until(lambda: in_state(hotline, "anna", "wrap_up"), 5, what="wrap-up")
        await hotline.request("anna", "POST", "/agents/me/state", {"state": "not_ready", "reason": "training"})
        # A wrap-up counts once it is over: one that ended between two looks would be in the second alone.
        (own_call,) = await hotline.calls(number)
        await hotline.request("anna", "POST", f"/calls/{own_call['id']}/wrap-up", {"result_code": "consult"})
        await until(lambda: in_state(hotline, "anna", "not_ready"), 5, what="the wrap-up is over")
    happened: Counter[str] = Counter()
    for call in (await hotline.request("lead", "GET", "/calls?limit=200"))["items"]:
        story = await hotline.timeline(call["id"])
        happened.update(e["event"] for e in story)
        happened[f"ended by {call['ended_by']}"] += 1
        happened["asked"] += any(e["event"] == "CallQueued" for e in story)
        happened["abandoned"] += sum(e["event"] == "CallEnded" and e["data"]["where"] in WAITING for e in story)
    today = datetime.now(hotline.settings.site.zone).date().isoformat()
    paper = await on_paper(hotline, "--from", today, "--to", today, "--variant", "all")
    live = await hotline.request("lead", "GET", "/kpi/today?variant=all&group=queue,half_hour")
    counts = paper["total"]["counts"]
    assert paper["laws_hold"], paper["broken"]
    assert live["laws_hold"], live["broken"]
    assert {name: counts.get(name, 0) for name in ("N", "P", "O", "A", "B", "R", "M", "H", "S", "W")} == {
        "N": happened["CallArrived"],
        "P": happened["asked"],
        "O": happened["CallQueued"],
        "A": happened["AgentAnswered"],
        "B": happened["abandoned"],
        "R": happened["AgentRang"],
        "M": happened["AgentMissed"],
        "H": happened["CallHeld"],
        "S": happened["SurveyAnswered"],
        "W": 0,
    }
    assert counts["A"] >= 1, "this caller, and those of the stories before"
    assert sum(one["calls"] for one in paper["endings"] if one["by"] == "caller") == happened["ended by caller"]
    await hotline.kill()
    await hotline.start()

    async def counted() -> Any:
        headers = {"Authorization": f"Bearer {hotline.tokens['lead']}"}
        url = f"{hotline.base}/api/v1/kpi/today?variant=all&group=queue,half_hour"
        async with hotline.api.get(url, headers=headers) as answer:
            return await answer.json() if answer.status == 200 else None

    again = await until(counted, 20, what="today is counted again")
    for part in ("rows", "endings", "variants", "broken"):
        assert json.dumps(again[part]) == json.dumps(live[part]), part


WAITING = ("queued", "ringing")


async def on_paper(hotline: Service, *words: str) -> Any:
    """Return what `hotline report kpi` says while the service runs."""
    command = (sys.executable, "-m", "app", "--config", str(hotline.config), "report", "kpi", "--format", "json")
    process = await asyncio.create_subprocess_exec(
        *command, *words, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(out)
