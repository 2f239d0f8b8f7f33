"""Registration against a registrar on the wire that checks the digest itself, grants one second, and falls silent."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator

import pytest
from aiosipua.message import SipRequest

from cti.ua import RegistrationRefused, UserAgent
from cti.ua.transactions import ServerTransaction, Transactions, reply_to
from tests.until import until

pytestmark = pytest.mark.integration


class Registrar:
    """Knows seat1001 with the password 'sesame'; each nonce is good for one request."""

    def __init__(self) -> None:
        self.wire = Transactions(self.asked, lambda _: None)
        self.bound: list[tuple[str, int]] = []
        self.silent = False
        self._nonces: set[str] = set()

    def asked(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self.silent:
            return
        if not self._proven(request):
            nonce = f"n{len(self._nonces)}"
            self._nonces.add(nonce)
            response = reply_to(request, 401, "Unauthorized", "reg")
            challenge = f'Digest realm="hotline", nonce="{nonce}", opaque="o", algorithm=MD5, qop="auth"'
            response.headers.set_single("WWW-Authenticate", challenge)
        else:
            contact = request.headers.get_first("Contact") or ""
            asked = int(request.headers.get_first("Expires") or -1)
            self.bound.append((contact, asked))
            response = reply_to(request, 200, "OK", "reg")
            response.headers.set_single("Contact", f"{contact};expires={min(asked, 1)}")
        transaction.respond(response)

    def _proven(self, request: SipRequest) -> bool:
        header = request.headers.get_first("Authorization") or ""
        said = {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', header)}
        if said.get("nonce") not in self._nonces:
            return False

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret, what = md5("seat1001:hotline:sesame"), md5(f"REGISTER:{said['uri']}")
        wanted = md5(f"{secret}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{what}")
        return said["response"] == wanted and said["opaque"] == "o" and said["uri"] == request.uri


@pytest.fixture
async def registrar() -> AsyncIterator[Registrar]:
    registrar = Registrar()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: registrar.wire, local_addr=("127.0.0.1", 0))
    yield registrar
    registrar.wire.close()


async def test_the_digest_is_right_and_the_binding_renewed_in_time(registrar: Registrar) -> None:
    async with UserAgent() as ua:
        registration = await ua.register("seat1001", "sesame", registrar.wire.address, expires=60)
        assert registration.registered
        await until(lambda: registration.renewals >= 2, 3)
        assert registrar.bound[:2] == [(f"<sip:seat1001@127.0.0.1:{ua.address[1]}>", 60)] * 2
    assert registrar.bound[-1][1] == 0, "taken back at the end"


async def test_a_wrong_password_is_refused_after_one_try(registrar: Registrar) -> None:
    async with UserAgent() as ua:
        with pytest.raises(RegistrationRefused) as refused:
            await ua.register("seat1001", "wrong", registrar.wire.address)
        assert refused.value.details["sip_code"] == 401
        assert len(registrar._nonces) == 2
        assert registrar.bound == []


async def test_a_binding_that_cannot_be_renewed_is_lost_when_its_time_is_over(registrar: Registrar) -> None:
    async with UserAgent() as ua:
        registration = await ua.register("seat1001", "sesame", registrar.wire.address)
        changes: list[bool] = []
        registration.on_change = changes.append
        registrar.silent = True
        await until(lambda: changes == [False], 3)
        registrar.silent = False
        await until(lambda: changes == [False, True], 8)
