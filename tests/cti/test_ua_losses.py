"""The user agent on a network that loses datagrams: what is sent again, and when it is given up (RFC 3261 §17)."""

import asyncio
from collections.abc import Callable

import pytest
from aiosipua.message import SipMessage, SipRequest

from cti.ua import IncomingCall, UserAgent
from cti.ua.transactions import Transactions
from tests.until import until

pytestmark = pytest.mark.integration


def losing(*starts: bytes, times: int = 1) -> Callable[[bytes], bool]:
    """Lose the first `times` datagrams that begin with each of `starts`."""
    left = dict.fromkeys(starts, times)

    def lose(wire: bytes) -> bool:
        for start in starts:
            if wire.startswith(start) and left[start] > 0:
                left[start] -= 1
                return True
        return False

    return lose


async def test_a_call_survives_the_loss_of_one_datagram_of_every_kind() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        got: list[IncomingCall] = []

        async def take(call: IncomingCall) -> None:
            got.append(call)
            await call.answer()

        called.on_call(take)
        caller.transactions.lose = losing(b"INVITE", b"ACK", b"BYE")
        called.transactions.lose = losing(b"SIP/2.0 100", b"SIP/2.0 180", b"SIP/2.0 200")
        call = caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2")
        await call.wait_answered(5)
        await call.wait_rtp()
        assert len(got) == 1, "a repeated INVITE is one call"
        await asyncio.sleep(1.1)  # the 200 comes again for want of an ACK, and is acknowledged again
        await call.hangup()
        ended = await got[0].wait_ended(3)
        assert (ended.by, ended.code) == ("them", 200)


async def test_datagrams_that_come_twice_are_one_call() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        got: list[IncomingCall] = []

        async def take(call: IncomingCall) -> None:
            got.append(call)
            await call.answer()

        def doubled(wire: bytes) -> bool:
            caller.transactions._transport.sendto(wire, called.address)  # type: ignore[union-attr]
            return False

        called.on_call(take)
        caller.transactions.lose = doubled
        async with caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2") as call:
            await call.wait_answered()
            assert await call.send_digits("1")
        assert (await got[0].wait_ended()).by == "them"
        assert len(got) == 1


async def test_a_200_is_acknowledged_each_time_it_comes_and_then_stops_coming() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        sent: list[bytes] = []

        def count(wire: bytes) -> bool:
            sent.append(wire)
            return False

        called.on_call(lambda call: call.answer())
        called.transactions.lose = count
        caller.transactions.lose = losing(b"ACK")
        async with caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2") as call:
            await call.wait_answered()
            await asyncio.sleep(1.8)  # the 200 would come at 0.5 and 1.5 s
            assert sum(wire.startswith(b"SIP/2.0 200") for wire in sent) == 2


async def test_no_cancel_leaves_before_an_answer_came() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        sent: list[bytes] = []

        def count(wire: bytes) -> bool:
            sent.append(wire.split()[0])
            return False

        async def leave(call: IncomingCall) -> None:
            call.ring()

        called.on_call(leave)
        called.transactions.lose = losing(b"SIP/2.0 100", b"SIP/2.0 180")
        caller.transactions.lose = count
        call = caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2")
        await call.cancel()
        assert sent[:3] == [b"INVITE", b"INVITE", b"CANCEL"], "what came back first was lost"
        assert (await call.wait_ended()).code == 487


async def test_a_refusal_is_repeated_until_it_is_acknowledged() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        called.on_call(lambda call: call.reject(486))
        sent: list[bytes] = []

        def count(wire: bytes) -> bool:
            sent.append(wire)
            return False

        called.transactions.lose = count
        caller.transactions.lose = losing(b"ACK", times=2)
        call = caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2")
        assert (await call.wait_ended()).code == 486
        await until(lambda: sum(wire.startswith(b"SIP/2.0 486") for wire in sent) == 3, 5)
        await asyncio.sleep(2.2)  # longer than the next repetition would take
        assert sum(wire.startswith(b"SIP/2.0 486") for wire in sent) == 3


async def test_an_address_where_nobody_answers_is_given_up() -> None:
    async with UserAgent() as caller, UserAgent() as silent:
        silent.transactions.lose = lambda _: True
        call = caller.call(f"sip:1@127.0.0.1:{silent.address[1]}", "2", no_reply_after=0.7)
        ended = await call.wait_ended(2)
        assert (ended.by, ended.code) == ("nobody", 408)
        assert 0.65 < ended.at < 1.0


async def test_what_is_not_sip_disturbs_nobody() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        called.on_call(lambda call: call.answer())
        for junk in (
            b"\r\n\r\n",
            b"\x00" * 40,
            b"INVITE",
            b"INVITE sip:x SIP/2.0\r\nVia: x\r\n\r\n",
            b"SIP/2.0 x\r\n\r\n",
        ):
            caller.transactions.transmit(junk, called.address)
        call = caller.call(f"sip:1@127.0.0.1:{called.address[1]}", "2")
        await call.wait_answered()


async def test_a_request_in_no_dialog_is_481() -> None:
    async with UserAgent() as caller, UserAgent() as called:
        bye = SipMessage.parse(
            b"BYE sip:1@127.0.0.1 SIP/2.0\r\nVia: "
            + caller.transactions.via().encode()
            + b"\r\nFrom: <sip:2@x>;tag=1\r\nTo: <sip:1@x>;tag=2\r\nCall-ID: unknown\r\nCSeq: 2 BYE\r\n\r\n"
        )
        assert isinstance(bye, SipRequest)
        assert (await caller.transactions.ask(bye, called.address)).status_code == 481


async def test_a_closed_socket_says_so() -> None:
    closed = Transactions(lambda _: None, lambda _: None)
    with pytest.raises(Exception, match="closed"):
        closed.send(SipRequest(method="OPTIONS", uri="sip:x"), ("127.0.0.1", 1), lambda _: None, lambda: None)
