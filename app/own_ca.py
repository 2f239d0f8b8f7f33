"""A private CA of our own: makes the certificate of HTTPS and WSS for the names under which the desktop is opened."""

import socket
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.certificates import (
    Certificate,
    CertificateRefused,
    NoCertificate,
    address_of,
    certificates_in,
    is_same_key,
    key_in,
    pem_of,
    read,
    server_name,
    told,
    write,
)
from core.config import TlsFiles
from core.errors import Conflict

CA_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
"""Of a server's certificate: no longer than browsers took from public CAs (398 days, CA/Browser Forum 6.3.2)."""
BEFORE = timedelta(days=1)
"""So long before now a certificate begins: a computer whose clock is slow takes it."""
ALWAYS = ("localhost", "127.0.0.1", "::1")
"""Programs and browsers of the machine itself."""
LONGEST_COMMON_NAME = 64


def make(files: TlsFiles, names: Sequence[str], now: datetime, *, replace: bool = False) -> tuple[Certificate, bool]:
    """Make a certificate for `names` (host names, IP addresses), and the CA that signs it unless ours may.

    Returns it and whether the CA is a new one, which computers have yet to trust. Raises BadInput for a name that is
    none, Conflict when a certificate from elsewhere is in use and not to be replaced.
    """
    wanted = tuple(dict.fromkeys((*(server_name(name) for name in names), *ALWAYS)))
    _not_foreign(files, replace=replace)
    ca = _kept_ca(files, wanted, now)
    signer, signer_key = ca or _new_ca(wanted, now)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _leaf(wanted, key.public_key(), signer, signer_key, now)
    if ca is None:
        write(files.ca_key, pem_of(signer_key), 0o600)
        write(files.ca, pem_of(signer), 0o644)
    write(files.key, pem_of(key), 0o600)
    write(files.certificate, pem_of(leaf) + pem_of(signer), 0o644)
    return told(leaf, ours=True), ca is None


def renew(files: TlsFiles, now: datetime) -> tuple[Certificate, bool]:
    """Make the certificate anew for the names that it has. Raises NoCertificate, Conflict for one from elsewhere."""
    there = read(files)
    if not there.ours:
        raise Conflict(f"the certificate comes from {there.issuer}: get a new one there, then hotline certificate use")
    return make(files, there.names, now)


def _general(name: str) -> x509.GeneralName:
    address = address_of(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _not_foreign(files: TlsFiles, *, replace: bool) -> None:
    try:
        there = read(files)
    except (NoCertificate, CertificateRefused):
        return
    if not there.ours and not replace:
        raise Conflict(
            f"a certificate of {there.issuer} is in use until {there.ends:%Y-%m-%d}: add --replace to have ours instead"
        )


def _kept_ca(
    files: TlsFiles, names: Sequence[str], now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """Return our CA with its key if it may sign for `names` for as long as a certificate lives."""
    if not (files.ca.is_file() and files.ca_key.is_file()):
        return None
    ca, key = certificates_in(files.ca)[0], key_in(files.ca_key)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_same_key(ca.public_key(), key.public_key()):
        return None
    may = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ()
    allowed = [one.value for one in may]
    fits = all(_is_within(name, allowed) for name in names)
    return (ca, key) if fits and ca.not_valid_after_utc >= now + LIFE else None


def _is_within(name: str, allowed: Iterable[object]) -> bool:
    address = address_of(name)
    if address is not None:
        return ip_network(address) in allowed
    bare = name.removeprefix("*.")
    return any(isinstance(one, str) and (bare == one or bare.endswith(f".{one}")) for one in allowed)


def _new_ca(names: Sequence[str], now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a CA that can sign for nothing but `names`: whoever steals its key can be no other site to who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hotline"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Hotline CA {socket.gethostname()[:30]} {now:%Y-%m-%d %H:%M}"),
        ]
    )
    permitted = [_permitted(one) for one in names]
    usage = _usage(key_cert_sign=True, crl_sign=True)
    ca = (
        _signed(name, name, key.public_key(), now, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return ca, key


def _permitted(name: str) -> x509.GeneralName:
    address = address_of(name)
    return x509.DNSName(name.removeprefix("*.")) if address is None else x509.IPAddress(ip_network(address))


def _leaf(
    names: Sequence[str],
    public: ec.EllipticCurvePublicKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    common = [x509.NameAttribute(NameOID.COMMON_NAME, names[0])] if len(names[0]) <= LONGEST_COMMON_NAME else []
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _signed(x509.Name(common), ca.subject, public, now, LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=not common)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _signed(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now - BEFORE + life)
    )


def _usage(**wanted: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    return x509.KeyUsage(**(every | wanted))
