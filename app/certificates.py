"""The certificate of HTTPS and WSS: what it says, whom it covers, and how a server shows it."""

import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import idna
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from core.config import Settings, TlsFiles
from core.errors import BadInput, NotFound

RENEW_WITHIN = timedelta(days=30)
RSA_BITS, CURVES = 2048, ("secp256r1", "secp384r1")
LONGEST_NAME = 253
HTTPS = 443

Address = IPv4Address | IPv6Address


class CertificateRefused(BadInput):
    """This certificate cannot be used."""

    code = "certificate_refused"


class NoCertificate(NotFound):
    """There is no certificate yet: make one (hotline certificate make NAME) or bring one (hotline certificate use)."""

    code = "no_certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says; `names` as browsers write them, `ours` when our own CA has signed it."""

    names: tuple[str, ...]
    issuer: str
    begins: datetime
    ends: datetime
    fingerprint: str
    ours: bool

    def covers(self, host: str) -> bool:
        """Tell whether a browser that opened `host` takes it."""
        return any(_fits(name, host.lower().rstrip(".")) for name in self.names)


def read(files: TlsFiles) -> Certificate:
    """Return the certificate in use. Raises NoCertificate, CertificateRefused when it is none."""
    try:
        leaf = certificates_in(files.certificate)[0]
    except FileNotFoundError:
        raise NoCertificate from None
    ours = files.ca.is_file() and files.ca_key.is_file() and is_signed_by(leaf, certificates_in(files.ca)[0])
    return told(leaf, ours=ours)


def desktop_address(settings: Settings) -> str:
    """Return the address of the desktop for people: under HTTPS with the first name of the certificate."""
    port = settings.web.https_port
    if port is None:
        return f"{settings.web.here}/"
    name = next((name for name in read(settings.tls).names if not name.startswith("*")), "localhost")
    host = f"[{name}]" if ":" in name else name
    return f"https://{host}/" if port == HTTPS else f"https://{host}:{port}/"


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the context by which a server shows the certificate. Raises CertificateRefused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context, files)
    return context


def load(context: ssl.SSLContext, files: TlsFiles) -> None:
    """Let new connections of `context` see the certificate that is in the files now. Raises CertificateRefused."""
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        why = getattr(error, "reason", None) or error.strerror or str(error)
        raise CertificateRefused(
            f"{files.certificate} and {files.key} cannot be used together ({why}): hotline certificate make or use"
        ) from None


def server_name(text: str) -> str:
    """Return the one form of a host name or address: lower case, ASCII. Raises BadInput."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        pass
    label, dot, rest = text.lower().rstrip(".").partition(".")
    try:
        wild = label == "*" and "." in rest
        name = f"*.{_ascii(rest)}" if wild else _ascii(label + dot + rest)
    except idna.IDNAError:
        raise BadInput(
            f"{text!r} is no host name and no address: give what browsers show between https:// and the next : or /"
        ) from None
    if len(name) > LONGEST_NAME:
        raise BadInput(f"{text[:40]!r}… is longer than a host name may be ({LONGEST_NAME})")
    return name


def _ascii(name: str) -> str:
    return idna.encode(name, uts46=True, std3_rules=True).decode("ascii")


def _fits(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def address_of(name: str) -> Address | None:
    """Return the IP address that a name is; None for a host name."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def certificates_in(path: Path) -> list[x509.Certificate]:
    """Return every certificate in a file. Raises FileNotFoundError, CertificateRefused with the cure."""
    try:
        content = path.read_bytes()
        return x509.load_pem_x509_certificates(content)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CertificateRefused(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        cure = f"openssl x509 -inform der -in {path.name} -out {path.stem}.pem, if it is one in binary form"
        raise CertificateRefused(f"{path} holds no certificate in PEM form (BEGIN CERTIFICATE): {cure}") from None


def key_in(path: Path) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """Return the private key in a file. Raises CertificateRefused for one that servers or browsers cannot use."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise CertificateRefused(f"{path} cannot be read: {error.strerror}") from None
    except TypeError:
        cure = f"openssl pkey -in {path.name} -out plain.pem takes the passphrase away"
        raise CertificateRefused(f"{path} has a passphrase, which nobody could type at a start: {cure}") from None
    except ValueError:
        raise CertificateRefused(f"{path} holds no private key in PEM form (BEGIN PRIVATE KEY)") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return key
    raise CertificateRefused(
        f"{path}: browsers want a key of RSA with {RSA_BITS} bits or more, or of the curve P-256 or P-384"
    )


def is_same_key(one: CertificatePublicKeyTypes, other: CertificatePublicKeyTypes) -> bool:
    """Tell whether two public keys are one."""
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return one.public_bytes(*form) == other.public_bytes(*form)


def is_signed_by(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether `issuer` has signed `one`."""
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def told(leaf: x509.Certificate, *, ours: bool) -> Certificate:
    """Return what a certificate says."""
    names: tuple[str, ...] = ()
    try:
        listed = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = (str(one) for one in listed.get_values_for_type(x509.IPAddress))
        names = (*(one.lower() for one in listed.get_values_for_type(x509.DNSName)), *addresses)
    except x509.ExtensionNotFound:
        pass
    known = leaf.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        names,
        str(known[0].value) if known else leaf.issuer.rfc4514_string(),
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
        leaf.fingerprint(hashes.SHA256()).hex(":").upper(),
        ours,
    )


def pem_of(thing: x509.Certificate | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a certificate or key as PEM, the key without a passphrase."""
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write(path: Path, content: bytes, mode: int) -> None:
    """Replace `path` in one step, in a folder that only this user opens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(fresh).replace(path)
