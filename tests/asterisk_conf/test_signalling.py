"""What the rendered PBX lets in and what not, shown with real SIP: callers, strangers, seats, garbage."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import aiohttp
import pytest

from asterisk_conf.render import render
from asterisk_conf.spec import Seat, Trunk
from cti.ua import CallRefused, OutgoingCall, RegistrationRefused, UserAgent
from tests.asterisk_conf.controller import arrived, controller
from tests.pbx import Pbx, shared_pbx, started_pbx
from tests.until import until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def pbx() -> Iterator[Pbx]:
    with shared_pbx() as shared:
        yield shared


@pytest.fixture
async def ua() -> AsyncIterator[UserAgent]:
    async with UserAgent() as agent:
        yield agent


def number(pbx: Pbx, user: str = "95598") -> str:
    return f"sip:{user}@127.0.0.1:{pbx.spec.ports.sip}"


async def code_of(call: OutgoingCall) -> int:
    """The code with which a call is refused."""
    with pytest.raises(CallRefused):
        await call.wait_answered(5)
    assert call.ended is not None
    return call.ended.code


async def test_asserted_identity_names_the_caller_before_from(pbx: Pbx, ua: UserAgent) -> None:
    async with controller(pbx) as events:
        pai = {"P-Asserted-Identity": "<sip:13800000002@carrier.example>"}
        for headers, caller in ((pai, "13800000002"), ({}, "13800000001")):
            async with ua.call(number(pbx), "13800000001", headers=headers):
                start = await arrived(events)
                channel = start["channel"]
                assert isinstance(channel, dict)
                assert start["args"] == ["arrived"]
                assert channel["state"] == "Ring"  # nobody has answered: the controller does
                assert channel["caller"]["number"] == caller
                assert channel["dialplan"]["exten"] == "95598"
                assert set(channel["channelvars"]) == {"HOTLINE_CALL", "HOTLINE_ROLE", "HOTLINE_AGENT", "HOTLINE_SEAT"}


async def test_a_stranger_is_refused_and_reported(pbx: Pbx) -> None:
    before = await calls_processed(pbx)
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.spec.ports.ami)
    secrets = pbx.spec.secrets
    login = f"Action: Login\r\nUsername: {secrets.ami_user}\r\nSecret: {secrets.ami_secret}\r\n\r\n"
    with contextlib.closing(writer):
        writer.write(login.encode())
        # Who is not signed in yet is told of no stranger.
        await asyncio.wait_for(reader.readuntil(b"Response: Success"), 5)
        async with UserAgent(host="127.0.0.2") as stranger:
            for name in ("13800000001", "trunk", "seat1001"):
                assert await code_of(stranger.call(number(pbx), name)) == 401
        reported = await asyncio.wait_for(reader.readuntil(b"RemoteAddress: IPV4/UDP/127.0.0.2"), 10)
    assert b"Event: InvalidAccountID" in reported
    security = pbx.spec.directories.log / "security.log"
    assert "InvalidAccountID" in await until(lambda: security.read_text("utf-8"))
    assert await calls_processed(pbx) == before


async def test_a_seats_name_in_from_gives_no_entry_without_its_password(pbx: Pbx, ua: UserAgent) -> None:
    assert await code_of(ua.call(number(pbx), "seat1001")) == 401
    with pytest.raises(RegistrationRefused):
        await ua.register("seat1001", "not the password", ("127.0.0.1", pbx.spec.ports.sip))


async def test_a_browser_reaches_sip_over_the_websocket_and_is_asked_who_it_is(pbx: Pbx) -> None:
    register = (
        "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WS browser.invalid;branch=z9hG4bK-ws\r\nMax-Forwards: 70\r\n"
        "From: <sip:seat1001@127.0.0.1>;tag=b\r\nTo: <sip:seat1001@127.0.0.1>\r\nCall-ID: ws\r\nCSeq: 1 REGISTER\r\n"
        "Contact: <sip:seat1001@browser.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
    )
    url = f"http://127.0.0.1:{pbx.spec.ports.http}/ws"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=("sip",)) as browser:
        await browser.send_str(register)
        answer = await browser.receive(timeout=5)
    assert b"SIP/2.0 401" in (answer.data if isinstance(answer.data, bytes) else answer.data.encode())


async def test_a_seat_cannot_dial_out(pbx: Pbx, ua: UserAgent) -> None:
    seat = pbx.seats[0]
    registration = await ua.register(seat.sip_username, seat.sip_password, pbx.sip)
    for wanted in ("95598", "13800000001", "008613800000001", "*97"):
        call = ua.call(number(pbx, wanted), seat.sip_username, credentials=registration.credentials)
        assert await code_of(call) == 403


async def test_a_number_that_is_not_ours_does_not_exist(pbx: Pbx, ua: UserAgent) -> None:
    for wanted in ("12345", "s", "lifeboat", "95598x"):
        assert await code_of(ua.call(number(pbx, wanted), "13800000001")) == 404


async def test_the_channel_limit_of_the_trunk_holds_and_frees_itself(ua: UserAgent) -> None:
    async with started_pbx(trunk=Trunk(("127.0.0.1",), ("95598",), 2, "95598")) as pbx:
        first, second = (ua.call(number(pbx), f"1380000000{n}") for n in (1, 2))
        await first.wait_answered()
        await second.wait_answered()
        assert await code_of(ua.call(number(pbx), "13800000003")) == 503
        await first.hangup()
        await until(lambda: channels_are(pbx, 1))
        third = ua.call(number(pbx), "13800000003")
        await third.wait_answered()
        await third.hangup()
        await second.hangup()


async def calls_processed(pbx: Pbx) -> str:
    return (await pbx.asterisk.command("core show channels count")).splitlines()[2]


async def channels_are(pbx: Pbx, count: int) -> bool:
    return f"{count} active channel" in await pbx.asterisk.command("core show channels count")


async def test_a_dead_phone_is_noticed_within_seconds(pbx: Pbx) -> None:
    phone = await UserAgent().open()
    seat = pbx.seats[0]
    await phone.register(seat.sip_username, seat.sip_password, pbx.sip)
    await until(lambda: contact_is(pbx, seat, "Avail"), 5)
    phone.transactions.close()  # the phone loses its power: nothing is taken back
    await until(lambda: contact_is(pbx, seat, "Unavail"), 8)
    await phone.tasks.close()


async def contact_is(pbx: Pbx, seat: Seat, state: str) -> bool:
    lines = (await pbx.asterisk.command("pjsip show contacts")).splitlines()
    return any(f"Contact:  {seat.sip_username}/" in line and f" {state} " in line for line in lines)


async def test_a_new_seat_is_taken_over_without_disturbing_a_call(pbx: Pbx, ua: UserAgent) -> None:
    old = pbx.seats[0]
    await ua.register(old.sip_username, old.sip_password, pbx.sip)
    async with controller(pbx), ua.call(number(pbx), "13800000001") as call:
        new = Seat("2001", "seat2001", "n" * 20)
        render(replace(pbx.spec, seats=(*pbx.seats, new)))
        await pbx.asterisk.reload_seats()
        await ua.register(new.sip_username, new.sip_password, pbx.sip)
        assert await contact_is(pbx, old, "Avail")
        assert call.ended is None
        assert await channels_are(pbx, 1)


async def test_garbage_on_the_sip_port_does_no_harm(pbx: Pbx, ua: UserAgent) -> None:
    chance = random.Random(95598)
    before = (await pbx.asterisk.status()).pid
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        for datagram in garbage(chance):
            wire.sendto(datagram, pbx.sip)
    call = ua.call(number(pbx), "13800000001")
    await call.wait_answered(5)
    await call.hangup()
    assert (await pbx.asterisk.status()).pid == before


async def test_a_caller_moves_nobody(pbx: Pbx, ua: UserAgent) -> None:
    """Not even by the REFER of which Asterisk dies on the leg of a seat."""
    before = (await pbx.asterisk.status()).pid
    call = ua.call(number(pbx), "13800000001")
    await call.wait_answered(5)
    for told in (True, False):
        with pytest.raises(CallRefused) as refused:
            await call.refer(number(pbx), told=told)
        assert refused.value.details["sip_code"] == 603
    await call.hangup()
    assert (await pbx.asterisk.status()).pid == before


def garbage(chance: random.Random) -> list[bytes]:
    """Random bytes, cut and overlong requests, wrong lengths, broken headers and bodies."""
    invite = (
        b"INVITE sip:95598@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\n"
        b"From: <sip:1@127.0.0.1>;tag=1\r\nTo: <sip:95598@127.0.0.1>\r\nCall-ID: g\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:1@127.0.0.1:9>\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\nm=x\r\n"
    )
    found = [chance.randbytes(chance.randrange(1, 1400)) for _ in range(200)]
    found += [invite[: chance.randrange(len(invite))] for _ in range(100)]
    found += [bytes(b if chance.random() > 0.05 else chance.randrange(256) for b in invite) for _ in range(200)]
    found += [
        b"",
        b"\r\n\r\n",
        b"\0" * 60000,
        invite.replace(b"Content-Length: 9", b"Content-Length: -1"),
        invite.replace(b"Content-Length: 9", b"Content-Length: 99999999999"),
        invite.replace(b"CSeq: 1", b"CSeq: 99999999999999999999"),
        invite.replace(b"sip:1@", b"sip:" + b"1" * 5000 + b"@"),
        invite.replace(b"From:", b"From: " + b"X" * 50000),
        invite.replace(b"INVITE", b"BYE"),
        invite.replace(b"INVITE", b"REGISTER"),
        b"SIP/2.0 200 OK\r\n\r\n",
    ]
    return found
