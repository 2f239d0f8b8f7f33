"""What the doctor looks at of HTTPS and WSS: the certificate, how long it holds, whom it covers, and who shows it."""

import socket
import ssl
from collections.abc import Iterator
from hashlib import sha256
from ipaddress import ip_address

from app.certificates import RENEW_WITHIN, Certificate, CertificateRefused, NoCertificate, read, server_context
from app.findings import FINE, NOTE, WRONG, Finding
from asterisk_conf.addresses import own_addresses
from core.clock import Clock
from core.config import EVERYWHERE, Settings

ANSWER_LIMIT_S = 3.0
MAKE = "hotline certificate make NAME, or bring one: hotline certificate use"


def examine(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield what is found. Blocks for a few seconds at most."""
    try:
        there = read(settings.tls)
        server_context(settings.tls)
    except NoCertificate:
        yield _without(settings)
        return
    except CertificateRefused as error:
        yield Finding("certificate", WRONG, error.message, MAKE)
        return
    if (mode := settings.tls.key.stat().st_mode & 0o777) & 0o077:
        says = f"{settings.tls.key} has mode {mode:04o}: others may read it"
        yield Finding("certificate's key", WRONG, says, f"chmod 600 {settings.tls.key}")
    yield _life(there, clock)
    yield _cover(settings, there)
    yield from _shown(settings, there)


def _without(settings: Settings) -> Finding:
    if settings.web.host in EVERYWHERE or not _is_loopback(settings.web.host):
        says = "there is none: passwords cross the network in the clear, and browsers give pages no microphone"
        return Finding("certificate", NOTE, says, MAKE)
    return Finding("certificate", NOTE, "there is none, and none is needed: the desktop is for this machine only")


def _life(there: Certificate, clock: Clock) -> Finding:
    left = there.ends - clock.now()
    ends = f"{there.ends:%Y-%m-%d}"
    cure = (
        "hotline certificate renew" if there.ours else f"get a new one of {there.issuer}, then hotline certificate use"
    )
    if left.total_seconds() <= 0:
        return Finding("certificate", WRONG, f"expired on {ends}: browsers refuse the desktop", cure)
    if left <= RENEW_WITHIN:
        return Finding("certificate", NOTE, f"expires in {left.days} days, on {ends}", cure)
    return Finding("certificate", FINE, f"of {there.issuer}, until {ends} ({left.days} days)")


def _cover(settings: Settings, there: Certificate) -> Finding:
    """Whether a browser could come here under a name of the certificate, as far as that can be known from here."""
    host = settings.web.host
    hosts = (*own_addresses(), socket.gethostname()) if host in EVERYWHERE else (host,)
    names = ", ".join(there.names)
    if any(there.covers(one) for one in hosts):
        return Finding("certificate's names", FINE, names)
    leading = [name for name in there.names if _leads_to(name, hosts)]
    if leading:
        return Finding("certificate's names", FINE, f"{names}; {leading[0]} leads here")
    says = f"it is for {names}; none of these is this service's host or leads here ({', '.join(hosts)})"
    return Finding("certificate's names", WRONG, says, "make one for the name that is typed into browsers")


def _leads_to(name: str, hosts: tuple[str, ...]) -> bool:
    if name == "localhost" or name.startswith("*") or _is_address(name):
        return False
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return not found.isdisjoint(hosts)


def _shown(settings: Settings, there: Certificate) -> Iterator[Finding]:
    """Whether who runs now shows this certificate, and not the one before."""
    pbx = settings.asterisk
    doors = (
        ("HTTPS", settings.web.host, settings.web.https_port, "restart the service"),
        ("WSS", pbx.bind, pbx.tls_port, "hotline asterisk render"),
    )
    for what, host, port, cure in doors:
        shown = None if port is None else _fingerprint("127.0.0.1" if host in EVERYWHERE else host, port)
        if shown is None:
            continue
        if shown == there.fingerprint.replace(":", "").lower():
            yield Finding(what, FINE, f"port {port} shows it")
        else:
            yield Finding(what, WRONG, f"port {port} shows another certificate than the one in the files", cure)


def _fingerprint(host: str, port: int) -> str | None:
    """Return the SHA-256 of the certificate that a port shows; None where nobody does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), ANSWER_LIMIT_S) as plain,
            context.wrap_socket(plain) as encrypted,
        ):
            shown = encrypted.getpeercert(binary_form=True)
    except OSError:
        return None
    return sha256(shown or b"").hexdigest()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
