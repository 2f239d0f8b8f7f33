"""The user agent against the real Asterisk: registration, seats, digits, refusals, fifty calls at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cti.ua import CallRefused, RegistrationRefused, UserAgent
from tests.pbx import Pbx, started_pbx
from tests.phone import caller, seat_phone
from tests.until import until

pytestmark = pytest.mark.integration

DIALPLAN = """
[from-trunk](+)
exten => echo,1,Answer(,i)
 same => n,Echo()
exten => busy,1,Hangup(17)
exten => rings,1,Ringing()
 same => n,Wait(30)
exten => early,1,Progress()
 same => n,Playtones(1000)
 same => n,Wait(30)
exten => keys,1,Answer(,i)
 same => n,Read(KEYS,,4,,,10)
 same => n,SendDTMF(${KEYS})
 same => n,Hangup()
exten => seat,1,Dial(PJSIP/seat1001,20)
"""


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    async with started_pbx(dialplan=DIALPLAN) as started:
        for module in ("app_dial", "app_read"):  # Hotline's own dialplan needs neither
            assert "Loaded" in await started.asterisk.command(f"module load {module}.so")
        yield started


async def test_a_wrong_password_is_refused(pbx: Pbx) -> None:
    async with UserAgent() as ua:
        with pytest.raises(RegistrationRefused) as refused:
            await ua.register(pbx.seats[0].sip_username, "wrong", pbx.sip)
        assert refused.value.details["sip_code"] == 401


async def test_a_seat_is_registered_and_unregistered(pbx: Pbx) -> None:
    seat = pbx.seats[0]
    async with seat_phone(pbx, seat.sip_username, seat.sip_password) as phone:
        assert phone.registration.registered
        contacts = await pbx.asterisk.command("pjsip show contacts")
        assert f"{seat.sip_username}@127.0.0.1:{phone.ua.address[1]}" in contacts
    assert f"{seat.sip_username}@" not in await pbx.asterisk.command("pjsip show contacts")


async def test_a_registration_is_renewed_with_the_same_contact(pbx: Pbx) -> None:
    seat = pbx.seats[0]
    async with UserAgent() as ua:
        registration = await ua.register(seat.sip_username, seat.sip_password, pbx.sip)
        changes: list[bool] = []
        registration.on_change = changes.append
        await registration.renew_now()
        assert registration.registered
        assert changes == []
        assert (await pbx.asterisk.command("pjsip show contacts")).count(f"{seat.sip_username}@") == 1


async def test_a_time_too_short_for_the_registrar_is_made_longer(pbx: Pbx) -> None:
    seat = pbx.seats[0]
    async with UserAgent() as ua:
        assert (await ua.register(seat.sip_username, seat.sip_password, pbx.sip, expires=5)).registered
        shown = await pbx.asterisk.command(f"pjsip show aor {seat.sip_username}")
        assert "minimum_expiration   : 30" in shown


async def test_a_caller_and_a_seat_hear_each_other_and_hold_works(pbx: Pbx) -> None:
    seat = pbx.seats[0]
    async with seat_phone(pbx, seat.sip_username, seat.sip_password) as phone:
        async with caller(pbx, "13800000001", to="seat") as call:
            there = await phone.answer()
            assert there.caller == "13800000001"
            await call.wait_answered()
            call.tone(400)
            there.tone(700)
            await until(lambda: call.received.tone_share(700, call.now() - 0.3) > 0.95)
            await until(lambda: there.received.tone_share(400, there.now() - 0.3) > 0.95)
            await there.hold("sendonly")
            await there.resume()
            await until(lambda: there.received.tone_share(400, there.now() - 0.3) > 0.95)
        assert (await there.wait_ended()).by == "them"


async def test_a_caller_who_gives_up_stops_the_seat_ringing(pbx: Pbx) -> None:
    seat = pbx.seats[0]
    async with (
        seat_phone(pbx, seat.sip_username, seat.sip_password) as phone,
        caller(pbx, "13800000001", to="seat") as call,
    ):
        there = await phone.ringing()
        await call.cancel()
        ended = await there.wait_ended()
        assert (ended.by, ended.code) == ("them", 487)


async def test_keys_arrive_and_come_back(pbx: Pbx) -> None:
    async with caller(pbx, "13800000001", to="keys") as call:
        await call.wait_answered()
        assert await call.send_digits("7*,w0.2,04")
        assert (await call.wait_ended()).by == "them"
        assert call.received.digits == "7*04"


async def test_busy_is_486(pbx: Pbx) -> None:
    async with caller(pbx, "13800000001", to="busy") as call:
        with pytest.raises(CallRefused):
            await call.wait_answered()
        assert call.ended is not None
        assert (call.ended.by, call.ended.code) == ("them", 486)


async def test_sound_before_the_answer_is_heard(pbx: Pbx) -> None:
    async with caller(pbx, "13800000001", to="early") as call:
        await until(lambda: call.received.tone_share(1000, call.now() - 0.3) > 0.9)
        assert call.times.early_media is not None
        assert call.times.answered is None


@pytest.mark.alone
async def test_fifty_calls_at_once_keep_their_pace(pbx: Pbx) -> None:
    async with UserAgent() as ua:
        host, port = pbx.sip
        calls = [ua.call(f"sip:echo@{host}:{port}", f"139000000{n:02}") for n in range(50)]
        await asyncio.gather(*(call.wait_answered(20) for call in calls))
        for number, call in enumerate(calls):
            call.tone(300 + 10 * number)
        await asyncio.sleep(4)  # the time measured
        for number, call in enumerate(calls):
            end = call.now() - 0.3
            assert call.received.tone_share(300 + 10 * number, end - 2, end) > 0.8, "each hears its own tone"
            assert call.received.lost <= 2
        widest = sorted(max(g.ms for g in call.received.gaps(0, call.now() - 2.3, call.now() - 0.3)) for call in calls)
        own = 2000 * ua.pacer.worst_late  # what this machine's own load adds
        assert widest[25] < 60 + own, f"half of the calls have no gap of 60 ms: {widest}"
    assert all(call.ended is not None and call.ended.by == "us" for call in calls)
