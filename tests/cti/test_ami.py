"""AMI: what is read cannot be forged, what is sent cannot forge, and the connection is kept, lost and found."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bus import Bus
from core.clock import SystemClock
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.journal import Journal, since
from core.tasks import TaskOwner
from cti.ami import link as link_module
from cti.ami import service as ami_module
from cti.ami import service as service_module
from cti.ami.link import AmiAddress, AmiLink
from cti.ami.service import AmiService
from cti.ami.wire import Packet, checked, parse
from cti.events import CallEnded, Reconciled, SeatLost, SeatRegistered, VoiceMeasured
from cti.port import Arrival, NoSuchChannel, PbxDown
from cti.ua import OutgoingCall, RegistrationRefused, UserAgent
from tests.cti.lines import real_lines
from tests.databases import create_tables
from tests.pbx import Pbx, shared_pbx, started_pbx
from tests.phone import caller
from tests.service import free_port
from tests.until import until

pytestmark = pytest.mark.integration

FALSE_LINE_ENDS = ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e", "\r", "\n"]
ON_THE_WIRE = ["\u2028", "\u0085", "\x0b", "\x1c"]
FORGED = "CallerIDNum: 110"


def ami_address(pbx: Pbx) -> AmiAddress:
    secrets = pbx.spec.secrets
    return AmiAddress("127.0.0.1", pbx.spec.ports.ami, secrets.ami_user, secrets.ami_secret)


# --- the parser -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", FALSE_LINE_ENDS)
def test_only_cr_lf_ends_a_line(end: str) -> None:
    text = f"Event: Newchannel\r\nCallerIDNum: 13800000001\r\nCallerIDName: x{end}{FORGED}\r\nUniqueid: u1"
    packet = parse(text)
    assert packet is not None
    assert packet.headers == {
        "CallerIDNum": "13800000001",
        "CallerIDName": f"x{end}{FORGED}",
        "Uniqueid": "u1",
    }


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    packet = parse(text)
    assert packet is None or packet.kind in ("Event", "Response")


@given(st.text().filter(lambda t: "\r" not in t and "\n" not in t), st.sampled_from(["\r", "\n", "\r\n"]))
def test_a_line_end_in_a_header_is_refused(text: str, end: str) -> None:
    assert checked("Ping", {"ActionID": text}) == {"ActionID": text}
    with pytest.raises(BadInput, match="line end"):
        checked("Ping", {"Channel": f"{text}{end}Action: Command"})
    with pytest.raises(BadInput, match="line end"):
        checked("Ping", {f"Channel{end}": text})


# --- on the real PBX -----------------------------------------------------------------------------


@dataclass(slots=True)
class World:
    """The service with what it says."""

    ami: AmiService
    db: Database
    journal: Journal
    phones: list[frozenset[str]] = field(default_factory=list)

    async def told(self, *kinds: type[Event]) -> list[Event]:
        found = await self.db.read(lambda connection: since(connection, 0, kinds))
        return [recorded.event for recorded in found]


@contextlib.asynccontextmanager
async def ami_service(address: AmiAddress, folder: Path) -> AsyncIterator[World]:
    db = Database(f"sqlite:///{folder / 'ami.db'}")
    create_tables(db.engine)
    bus, tasks = Bus(), TaskOwner("ami test")
    journal = Journal(db, bus)

    async def on_phones(found: Collection[str]) -> None:
        world.phones.append(frozenset(found))

    world = World(AmiService(address, journal, SystemClock(), on_phones), db, journal)
    world.ami.listen(bus)
    tasks.start(world.ami.run(), "run")
    try:
        yield world
    finally:
        await tasks.close()
        await world.ami.close()
        await journal.close()
        await db.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Pbx]:
    with shared_pbx() as pbx:
        yield pbx


@pytest.fixture
async def world(real: Pbx, tmp_path: Path) -> AsyncIterator[World]:
    async with ami_service(ami_address(real), tmp_path) as world:
        await until(lambda: world.phones, what=lambda: f"connected: {world.ami.trouble}")
        yield world


@contextlib.asynccontextmanager
async def linked(pbx: Pbx) -> AsyncIterator[tuple[AmiLink, list[Packet]]]:
    """A connection without filter, with everything that it says."""
    link, heard, tasks = AmiLink(ami_address(pbx)), [], TaskOwner("link")

    async def listen() -> None:
        async for packet in link.events():
            heard.append(packet)

    await link.connect()
    tasks.start(listen(), "listen")
    try:
        yield link, heard
    finally:
        await tasks.close()
        await link.close()


@pytest.mark.parametrize("end", ON_THE_WIRE)
async def test_a_display_name_cannot_forge_a_header(real: Pbx, end: str) -> None:
    number = "13800000009"
    host, port = real.sip
    names = dict.fromkeys(("From", "P-Asserted-Identity"), f'"x{end}{FORGED}" <sip:{number}@{host}:{port}>')
    async with linked(real) as (link, heard):
        async with caller(real, number, headers=names):
            await until(lambda: [p for p in heard if FORGED in p.headers.get("CallerIDName", "")], what="the name came")
        await link.action("Ping")
        assert {p.headers["CallerIDNum"] for p in heard if "CallerIDNum" in p.headers} <= {number, "<unknown>"}


async def test_a_bare_cr_in_a_display_name_cannot_forge_a_header_either(real: Pbx) -> None:
    """Our own phone refuses to send it, so the INVITE is written by hand."""
    loop, host = asyncio.get_running_loop(), "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((host, 0))
        phone.setblocking(False)
        here = f"{host}:{phone.getsockname()[1]}"
        invite = (
            f"INVITE sip:95598@{host}:{real.sip[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKcr\r\n"
            f'From: "x\r{FORGED}" <sip:13800000009@{here}>;tag=cr\r\nTo: <sip:95598@{host}>\r\n'
            f"Call-ID: cr@{host}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{here}>\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        async with linked(real) as (link, heard):
            phone.sendto(invite.encode(), real.sip)
            async with asyncio.timeout(5):
                answer = await loop.sock_recv(phone, 65536)
            assert answer.startswith(b"SIP/2.0")
            await link.action("Ping")
            assert "110" not in {p.headers.get("CallerIDNum") for p in heard}


async def test_what_the_phone_reports_of_our_sound_is_journaled_when_the_call_is_over(world: World, real: Pbx) -> None:
    async with real_lines(real, "sound:none") as lines, caller(real, "13800000009") as call:
        arrival = await lines.listener.wait(Arrival)
        await lines.pbx.answer(arrival.channel_id)
        await call.wait_answered(5)
        await lines.pbx.start_music(arrival.channel_id)
        await report(call)
        await until(lambda: world.ami._quality, what="the report is heard")
        over = {"call_id": arrival.channel_id, "by": "caller", "why": "hung_up", "where": "menu"}
        await world.journal.record(CallEnded(at=SystemClock().now(), **over))
        (measured,) = await until(lambda: world.told(VoiceMeasured), what="measured")
    assert isinstance(measured, VoiceMeasured)
    assert (measured.call_id, measured.channel_id) == (arrival.channel_id, arrival.channel_id)
    assert measured.lost == 7
    assert measured.jitter is not None
    assert measured.score is not None


async def report(call: OutgoingCall) -> None:
    """Wait for the PBX's sender report and answer it with a receiver report of 7 lost packets (RFC 3550 §6.4.2)."""
    stream = call.rtp
    stream._rtcp.setblocking(False)
    async with asyncio.timeout(15):
        told, peer = await asyncio.get_running_loop().sock_recvfrom(stream._rtcp, 2048)
    theirs, middle_of_ntp = told[4:8], told[10:14]
    block = theirs + (7).to_bytes(4, "big") + struct.pack("!II", 1000, 40) + middle_of_ntp + struct.pack("!I", 6553)
    stream._rtcp.sendto(struct.pack("!BBHI", 0x81, 201, 7, stream._ssrc) + block, peer)


async def test_a_quiet_connection_stays(world: World) -> None:
    link = world.ami._link
    await asyncio.sleep(3.5)  # the library that reads it would give up after 3
    assert (await world.ami.command("core show version"))[0].startswith("Asterisk")
    assert world.ami._link is link


async def test_seats_come_and_go(world: World, real: Pbx) -> None:
    seat = real.seats[0]

    async def last(kind: type[Event]) -> list[Event]:
        return await world.told(kind)

    async with UserAgent() as ua:
        await ua.register(seat.sip_username, seat.sip_password, real.sip)
        (came,) = await until(lambda: last(SeatRegistered), what="registered")
        assert came.sip_username == seat.sip_username  # type: ignore[attr-defined]
    (left,) = await until(lambda: last(SeatLost), what="lost")
    assert (left.sip_username, left.why) == (seat.sip_username, "unregistered")  # type: ignore[attr-defined]


async def test_who_is_registered_is_asked_at_the_start(real: Pbx, tmp_path: Path) -> None:
    seat = real.seats[1]
    async with UserAgent() as ua:
        await ua.register(seat.sip_username, seat.sip_password, real.sip)
        async with ami_service(ami_address(real), tmp_path) as world:
            await until(lambda: world.phones, what="told")
            assert seat.sip_username in world.phones[0]


async def test_p01_a_phone_of_which_nobody_told_is_found_in_the_list(
    real: Pbx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami_module, "PING_S", 0.1)
    there, gone = real.seats[1].sip_username, real.seats[2].sip_username
    async with UserAgent() as ua:
        await ua.register(there, real.seats[1].sip_password, real.sip)
        async with ami_service(ami_address(real), tmp_path) as world:
            await until(lambda: world.phones and there in world.phones[0], what="known")
            assert await world.told(Reconciled) == []
            world.ami._there.remove(there)  # as if its coming had not been told
            world.ami._there.add(gone)  # nor the leaving of this one

            async def all_told() -> bool:
                return len(await world.told(SeatRegistered, SeatLost)) == 2

            await until(all_told, what="both are told")
            (came,), (left,) = await world.told(SeatRegistered), await world.told(SeatLost)
            assert (came.sip_username, left.sip_username, left.why) == (there, gone, "untold")  # type: ignore[attr-defined]
            assert len(await world.told(Reconciled)) == 2


async def test_a_wrong_password_at_the_registrar_is_counted(world: World, real: Pbx) -> None:
    async with UserAgent() as ua:
        with pytest.raises(RegistrationRefused):
            await ua.register(real.seats[0].sip_username, "wrong", real.sip)
    await until(lambda: world.ami.alarms, what="the alarm")


async def test_a_channel_is_recorded_until_it_is_stopped(world: World, real: Pbx, tmp_path: Path) -> None:
    file = tmp_path / "both.raw"
    async with real_lines(real, "sound:none") as lines:
        channel, phone = await lines.arrive()
        await lines.pbx.answer(channel)
        await phone.answered()
        await world.ami.start(channel, str(file))
        await until(lambda: file.exists() and file.stat().st_size > 1000, what="sound is written")
        await world.ami.stop(channel)
        await world.ami.stop(channel)
        with pytest.raises(NoSuchChannel):
            await world.ami.start("nobody-1.0", str(file))
        with pytest.raises(BadInput):
            await world.ami.start(channel, "x\r\nAction: Originate")


async def test_a_restart_of_asterisk_is_survived(tmp_path: Path) -> None:
    async with started_pbx() as pbx, ami_service(ami_address(pbx), tmp_path) as world:
        await until(lambda: world.phones, what="connected")
        await pbx.asterisk.stop()
        await until(lambda: world.ami.trouble, what="the loss is noticed")
        with pytest.raises(PbxDown):
            await world.ami.command("core show version")
        await pbx.asterisk.start()
        await until(lambda: world.ami.trouble is None and len(world.phones) == 2, 15, what="found again")


async def test_the_wrong_secret_is_named(real: Pbx) -> None:
    at = ami_address(real)
    link = AmiLink(AmiAddress(at.host, at.port, at.user, "wrong"))
    with pytest.raises(PbxDown, match="refused our user name or secret"):
        await link.connect()
    await link.close()


async def test_nobody_listens() -> None:
    port = free_port()
    with pytest.raises(PbxDown, match=rf"127\.0\.0\.1:{port} does not answer.*ami_port"):
        await AmiLink(AmiAddress("127.0.0.1", port, "hotline", "x")).connect()


# --- a peer that is there and says nothing -----------------------------------------------------------


async def test_a_peer_that_falls_silent_is_noticed_and_called_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "PING_S", 0.05)
    monkeypatch.setattr(link_module, "ANSWER_LIMIT_S", 0.3)
    came = 0

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with contextlib.suppress(asyncio.IncompleteReadError):
            while action := (await reader.readuntil(b"\r\n\r\n")).decode():
                headers = dict(line.split(": ", 1) for line in action.split("\r\n") if ": " in line)
                name = "Error" if headers["Action"] == "PJSIPShowContacts" else "Success"
                if headers["Action"] != "Ping":
                    writer.write(f"Response: {name}\r\nActionID: {headers['ActionID']}\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    address = AmiAddress("127.0.0.1", server.sockets[0].getsockname()[1], "hotline", "x")
    async with server, ami_service(address, tmp_path) as world:
        await until(lambda: came >= 2 and len(world.phones) >= 2, what="called again")
