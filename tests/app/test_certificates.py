"""The certificate of HTTPS: what our CA makes, what is taken from elsewhere, and each thing that is refused."""

import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, web
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from app import doctor_tls, own_ca
from app.certificate_command import certificate_group
from app.certificate_taken import Given, use
from app.certificates import CertificateRefused, read, server_context, server_name
from app.web_doors import WebDoors
from core.clock import FakeClock
from core.config import Settings, TlsFiles, encrypted, load
from core.errors import BadInput, Conflict
from tests.service import free_port

pytestmark = pytest.mark.unit

NOW = datetime.now(UTC)
NAMES = ("Hotline.example", "10.1.2.3", "热线.中国", "*.desk.example")
Edit = Callable[[x509.CertificateBuilder], x509.CertificateBuilder]


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return TlsFiles(tmp_path / "tls")


def handshake(files: TlsFiles, host: str, ca: Path) -> None:
    """Raise what a client that trusts `ca` and wants `host` says of the server's certificate."""
    use(TlsFiles(files.folder / "copy"), Given(files.certificate, files.key, ca), NOW, (host,))


def test_our_ca_makes_what_clients_that_trust_it_take(files: TlsFiles) -> None:
    made, is_new = own_ca.make(files, NAMES, NOW)
    assert is_new
    assert made == read(files)
    for host in ("hotline.example", "10.1.2.3", "xn--lrxu80a.xn--fiqs8s", "a.desk.example", "localhost", "::1"):
        assert made.covers(host), host
        handshake(files, host, files.ca)
    for host in ("example", "a.b.desk.example", "desk.example", "10.1.2.4", "x.hotline.example"):
        assert not made.covers(host), host
    assert made.ends - NOW < timedelta(days=398)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (files.key, files.ca_key, files.folder)}
    assert modes == {"key.pem": 0o600, "ca-key.pem": 0o600, "tls": 0o700}
    extensions = x509.load_pem_x509_certificate(files.certificate.read_bytes()).extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_it_is_renewed_under_the_same_ca_and_a_further_name_wants_a_new_one(files: TlsFiles) -> None:
    first, _ = own_ca.make(files, ["hotline.example"], NOW)
    trusted = files.ca.read_bytes()
    again, is_new = own_ca.renew(files, NOW + timedelta(days=300))
    assert (again.names, is_new, files.ca.read_bytes()) == (first.names, False, trusted)
    assert again.ends > first.ends
    assert not own_ca.make(files, ["a.hotline.example"], NOW)[1], "a name below one of the CA's is one of its own"
    assert own_ca.make(files, ["hotline.example", "10.0.0.1"], NOW)[1]
    assert files.ca.read_bytes() != trusted
    assert own_ca.renew(files, NOW + own_ca.CA_LIFE - timedelta(days=100))[1], "a CA ends after what it signs"


def test_who_steals_the_ca_can_be_no_other_site(files: TlsFiles) -> None:
    own_ca.make(files, ["hotline.example"], NOW)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    stolen = serialization.load_pem_private_key(files.ca_key.read_bytes(), None)
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    bank = own_ca._leaf(("bank.example",), key.public_key(), ca, stolen, NOW)
    files.certificate.write_bytes(bank.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(pem(key))
    with pytest.raises(CertificateRefused, match="permitted subtree violation"):
        handshake(files, "bank.example", files.ca)


@pytest.mark.parametrize(
    "text",
    ["", "https://hotline.example", "10.0.0.5:8443", "a b", "a..b", "a_b", "*", "*.example", "x" * 64, "x." * 130],
)
def test_what_is_no_name_is_refused(files: TlsFiles, text: str) -> None:
    with pytest.raises(BadInput):
        own_ca.make(files, [text], NOW)
    assert not files.folder.exists()


def test_a_name_has_one_form() -> None:
    assert [server_name(one) for one in ("[2001:DB8::1]", "HOTLINE.example.", "*.A.example")] == [
        "2001:db8::1",
        "hotline.example",
        "*.a.example",
    ]


# --- from elsewhere ----------------------------------------------------------------------------------------------


class Elsewhere:
    """Another CA with an intermediate, and what it has signed for us."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.root_key, self.middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = signed("Root", "Root", self.root_key, self.root_key, authority)
        self.middle = signed("Middle", "Root", self.middle_key, self.root_key, authority)
        self.ca = folder / "root.pem"
        self.ca.write_bytes(pem(self.root))

    def root_key_file(self) -> Path:
        file = self.folder / "root.key"
        file.write_bytes(pem(self.root_key))
        return file

    def gives(self, edit: Edit, *, key: object = None, middle: bool = True, passphrase: bytes = b"") -> Given:
        own = key or ec.generate_private_key(ec.SECP256R1())
        leaf = signed("desk", "Middle", own, self.middle_key, edit)
        given = Given(self.folder / "leaf.pem", self.folder / "leaf.key", self.ca)
        # in the wrong order, and with one that does not belong to it
        given.certificate.write_bytes((pem(self.middle) if middle else b"") + pem(self.root) + pem(leaf))
        given.key.write_bytes(pem(own, passphrase))
        return given


def authority(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)


def named(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("desk.example")]), critical=False)


def signed(subject: str, issuer: str, key: object, signer: ec.EllipticCurvePrivateKey, edit: Edit) -> x509.Certificate:
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (subject, issuer)]
    builder = x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
    begins, ends = NOW - timedelta(days=9), NOW + timedelta(days=90)
    return edit(builder.not_valid_before(begins).not_valid_after(ends)).sign(signer, hashes.SHA256())


def pem(thing: object, passphrase: bytes = b"") -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    assert isinstance(thing, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def lived(begins: timedelta, ends: timedelta) -> Edit:
    def edit(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        fresh = x509.CertificateBuilder(
            builder._issuer_name, builder._subject_name, builder._public_key, x509.random_serial_number()
        )
        return named(fresh.not_valid_before(NOW + begins).not_valid_after(NOW + ends))

    return edit


def for_clients(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return named(builder).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path / "elsewhere")


def test_one_from_elsewhere_is_taken_with_its_chain_put_in_order(files: TlsFiles, elsewhere: Elsewhere) -> None:
    taken = use(files, elsewhere.gives(named), NOW, ["desk.example"])
    assert taken == read(files)
    assert (taken.names, taken.issuer, taken.ours) == (("desk.example",), "Middle", False)
    chain = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    assert [one.subject.rfc4514_string() for one in chain] == ["CN=desk", "CN=Middle", "CN=Root"]
    assert files.key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="--replace"):
        own_ca.make(files, ["desk.example"], NOW)
    with pytest.raises(Conflict, match="comes from Middle"):
        own_ca.renew(files, NOW)
    assert own_ca.make(files, ["desk.example"], NOW, replace=True)[0].ours


REFUSED: list[tuple[str, Callable[[Elsewhere], Given], str]] = [
    ("expired", lambda it: it.gives(lived(timedelta(-9), timedelta(-1))), "has expired on"),
    ("early", lambda it: it.gives(lived(timedelta(1), timedelta(9))), "begins only at"),
    ("nameless", lambda it: it.gives(lambda builder: builder), "subject alternative name"),
    ("client", lambda it: it.gives(for_clients), "not for servers"),
    ("gap", lambda it: it.gives(named, middle=False), "append the certificates between"),
    ("passphrase", lambda it: it.gives(named, passphrase=b"geheim"), "has a passphrase"),
    ("weak", lambda it: it.gives(named, key=rsa.generate_private_key(65537, 1024)), "2048 bits"),
    ("stranger", lambda it: Given(it.gives(named).certificate, it.gives(named).key), "looked for in this machine's"),
    ("no file", lambda it: Given(it.folder / "none.pem", it.gives(named).key), "there is no such file"),
    ("no key", lambda it: Given(it.gives(named).certificate, it.folder / "none.key"), "cannot be read"),
    ("no ca", lambda it: Given(it.gives(named).certificate, it.folder / "leaf.key", it.folder / "x"), "no such file"),
    ("swapped", lambda it: Given(it.gives(named).key, it.folder / "leaf.pem"), "holds no private key"),
    ("folder", lambda it: Given(it.folder, it.gives(named).key), "cannot be read"),
]


@pytest.mark.parametrize(("given", "says"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_browsers_or_servers_could_not_use_is_refused_with_the_cure(
    files: TlsFiles, elsewhere: Elsewhere, given: Callable[[Elsewhere], Given], says: str
) -> None:
    own_ca.make(files, ["old.example"], NOW)
    before = {path: path.read_bytes() for path in files.folder.iterdir()}
    with pytest.raises(CertificateRefused) as refused:
        use(files, given(elsewhere), NOW)
    assert says in refused.value.message
    assert "geheim" not in refused.value.message
    assert before == {path: path.read_bytes() for path in files.folder.iterdir()}


def test_a_foreign_key_a_name_that_is_not_covered_and_a_binary_file(files: TlsFiles, elsewhere: Elsewhere) -> None:
    given = elsewhere.gives(named)
    with pytest.raises(CertificateRefused, match=r"does not cover other.example: it is for desk.example"):
        use(files, given, NOW, ["other.example"])
    given.key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(CertificateRefused, match="is not the key of the certificate"):
        use(files, given, NOW)
    given.certificate.write_bytes(elsewhere.root.public_bytes(serialization.Encoding.DER))
    with pytest.raises(CertificateRefused, match="openssl x509 -inform der"):
        use(files, Given(given.certificate, elsewhere.root_key_file()), NOW)


# --- served ------------------------------------------------------------------------------------------------------


def served(tmp_path: Path, **more: object) -> Settings:
    """Settings of an installation with a certificate, whose ports nobody else has."""
    environ = {
        "HOTLINE_STORAGE__DIR": str(tmp_path),
        "HOTLINE_WEB__PORT": str(free_port()),
        "HOTLINE_WEB__HTTPS_PORT": str(free_port()),
        "HOTLINE_ASTERISK__TLS_PORT": str(free_port()),
        **{name: str(value) for name, value in more.items()},
    }
    return load(None, environ)


async def test_a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path / "tls")
    own_ca.make(files, ["localhost"], NOW)
    settings, clock = served(tmp_path), FakeClock(NOW)
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=str(request.secure))

    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    doors = WebDoors(runner, settings, clock)
    await doors.open()
    try:
        async with ClientSession() as http:

            async def asked() -> str:
                trust = ssl.create_default_context(cafile=files.ca)
                url = f"https://localhost:{settings.web.https_port}/"
                async with http.get(url, ssl=trust, headers={"Connection": "close"}) as response:
                    return await response.text()

            assert await asked() == "True"
            own_ca.make(files, ["localhost", "further.example"], NOW)
            with pytest.raises(ClientConnectorCertificateError):
                await asked()  # the CA is another one, and the service has not looked yet
            doors.look()
            assert await asked() == "True"
            files.key.write_bytes(b"broken")
            doors.look()
            assert await asked() == "True"
            async with http.get(f"{settings.web.here}/") as response:
                assert await response.text() == "False"
    finally:
        await runner.cleanup()


def test_without_a_certificate_nothing_is_encrypted_and_with_one_the_usual_ports_are(tmp_path: Path) -> None:
    bare = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path)})
    assert (bare.web.https_port, bare.asterisk.tls_port) == (None, None)
    own_ca.make(bare.tls, ["hotline.example"], NOW)
    settings = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path)})
    assert (settings.web.https_port, settings.asterisk.tls_port) == (8443, 8089)
    far = load(None, {"HOTLINE_STORAGE__DIR": str(tmp_path), "HOTLINE_ASTERISK__HOST": "pbx.example"})
    assert far.asterisk.tls_port is None


# --- by command, and by the doctor -------------------------------------------------------------------------------


def typed(settings: Settings, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(certificate_group, list(words), obj=settings)
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


def test_the_command_makes_shows_and_renews(tmp_path: Path) -> None:
    settings = served(tmp_path)
    assert typed(settings, "show")[0] == 1
    status, said = typed(settings, "make")
    assert status == 2
    assert "say under which names" in said
    status, said = typed(settings, "make", "hotline.example")
    assert status == 0, said
    assert "have to trust this CA once" in said
    assert f"https://hotline.example:{settings.web.https_port}/" in said
    assert "set [web] host" in said
    assert "(395 days)" in typed(settings, "show")[1]
    assert typed(settings, "renew")[0] == 0
    verified = subprocess.run(
        [
            "openssl",
            "verify",
            "-verify_hostname",
            "hotline.example",
            "-CAfile",
            settings.tls.ca,
            settings.tls.certificate,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize(
    ("days", "host", "expected"),
    [
        (0, "127.0.0.1", {"certificate": "fine", "certificate's names": "fine"}),
        (364, "127.0.0.1", {"certificate": "fine", "certificate's names": "fine"}),
        (367, "127.0.0.1", {"certificate": "note", "certificate's names": "fine"}),
        (397, "127.0.0.1", {"certificate": "WRONG", "certificate's names": "fine"}),
        (0, "192.0.2.1", {"certificate": "fine", "certificate's names": "WRONG"}),
    ],
)
def test_the_doctor_tells_how_long_it_holds_and_whom_it_does_not_cover(
    tmp_path: Path, days: int, host: str, expected: dict[str, str]
) -> None:
    settings = served(tmp_path, HOTLINE_WEB__HOST=host)
    own_ca.make(settings.tls, ["desk.invalid"], NOW)
    found = {one.what: one for one in doctor_tls.examine(settings, FakeClock(NOW + timedelta(days=days)))}
    assert {what: one.grade for what, one in found.items()} == expected
    assert all(bool(one.cure) == (one.grade != "fine") for one in found.values())


def test_the_doctor_tells_of_none_a_broken_one_and_an_open_key(tmp_path: Path) -> None:
    here, everywhere = served(tmp_path), served(tmp_path, HOTLINE_WEB__HOST="0.0.0.0")
    clock = FakeClock(NOW)
    assert [(one.grade, bool(one.cure)) for one in doctor_tls.examine(here, clock)] == [("note", False)]
    assert [(one.grade, bool(one.cure)) for one in doctor_tls.examine(everywhere, clock)] == [("note", True)]
    own_ca.make(here.tls, ["localhost"], NOW)
    here.tls.key.chmod(0o644)
    assert "chmod 600" in next(one.cure for one in doctor_tls.examine(here, clock) if one.what == "certificate's key")
    here.tls.certificate.write_text("nonsense")
    assert [one.grade for one in doctor_tls.examine(encrypted(here), clock)] == ["WRONG"]
    here.tls.certificate.unlink()
    with pytest.raises(BadInput):
        server_context(here.tls)
