"""Takes over a certificate from elsewhere, after a look at all that browsers will look at."""

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.certificates import (
    Certificate,
    CertificateRefused,
    certificates_in,
    is_same_key,
    is_signed_by,
    key_in,
    pem_of,
    server_context,
    server_name,
    told,
    write,
)
from core.config import TlsFiles


@dataclass(frozen=True, slots=True)
class Given:
    """What is brought: the certificate with its chain in any order, its key, and the CA to trust when it is own."""

    certificate: Path
    key: Path
    ca: Path | None = None


def use(files: TlsFiles, given: Given, now: datetime, names: Sequence[str] = ()) -> Certificate:
    """Take `given.certificate` and `given.key` over, after all that browsers will look at.

    `names` have to be covered. Raises CertificateRefused naming what is wrong and the cure.
    """
    key = key_in(given.key)
    if given.ca is not None:
        _certificates_of(given.ca)
    chain = _chain(_certificates_of(given.certificate), key, given.key)
    says = told(chain[0], ours=False)
    _check_leaf(chain[0], says, now, given.certificate)
    for name in names:
        if not says.covers(server_name(name)):
            raise CertificateRefused(f"{given.certificate} does not cover {name}: it is for {', '.join(says.names)}")
    pem = b"".join(pem_of(one) for one in chain)
    _shake_hands(pem, pem_of(key), given, says)
    write(files.key, pem_of(key), 0o600)
    write(files.certificate, pem, 0o644)
    return says


def _certificates_of(path: Path) -> list[x509.Certificate]:
    try:
        return certificates_in(path)
    except FileNotFoundError:
        raise CertificateRefused(f"{path}: there is no such file") from None


def _chain(
    found: list[x509.Certificate], key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, key_file: Path
) -> list[x509.Certificate]:
    """Return the certificate of `key`, then who signed it and so on, as far as `found` goes."""
    own = [one for one in found if is_same_key(one.public_key(), key.public_key())]
    if not own:
        subject = found[0].subject.rfc4514_string() or "no subject"
        raise CertificateRefused(
            f"{key_file} is not the key of the certificate ({subject}): give the one it was made with"
        )
    chain, rest = own[:1], [one for one in found if one is not own[0]]
    while issuer := next((one for one in rest if is_signed_by(chain[-1], one)), None):
        chain.append(issuer)
        rest.remove(issuer)
    return chain


def _check_leaf(leaf: x509.Certificate, says: Certificate, now: datetime, file: Path) -> None:
    if says.ends <= now:
        raise CertificateRefused(f"{file} has expired on {says.ends:%Y-%m-%d}: get a new one from {says.issuer}")
    if says.begins > now:
        raise CertificateRefused(
            f"{file} begins only at {says.begins:%Y-%m-%d %H:%M} UTC: wait, or look at the clock here"
        )
    if not says.names:
        raise CertificateRefused(
            f"{file} names no host (subject alternative name), which browsers want: have it made with"
        )
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        raise CertificateRefused(
            f"{file} is not for servers (extended key usage): ask {says.issuer} for a server's one"
        )


def _shake_hands(pem: bytes, key: bytes, given: Given, says: Certificate) -> None:
    """Let a client that trusts `given.ca`, or what this machine trusts, meet a server that shows it, in memory."""
    with tempfile.TemporaryDirectory() as folder:
        copy = TlsFiles(Path(folder))
        write(copy.certificate, pem, 0o600)
        write(copy.key, key, 0o600)
        server = server_context(copy)
    try:
        client = ssl.create_default_context(cafile=given.ca)
        _handshake(server, client, says.names[0].replace("*", "www", 1))
    except ssl.SSLCertVerificationError as error:
        whom = f"{given.ca}" if given.ca else "this machine's list of CAs"
        raise CertificateRefused(
            f"{given.certificate}: {error.verify_message} (issued by {says.issuer}, looked for in {whom}): "
            "append the certificates between it and a CA that your computers trust; name an own CA by --ca"
        ) from None
    except ssl.SSLError as error:
        raise CertificateRefused(f"{given.certificate}: no connection comes about with it ({error.reason})") from None


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(down, up, server_hostname=host), server.wrap_bio(up, down, server_side=True)]
    while sides:
        for side in tuple(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)
