"""`hotline certificate …`: HTTPS for the desktop and WSS for its phone, with one command."""

import asyncio
import socket
import sys
from datetime import datetime
from pathlib import Path

import click

from app import certificate_taken, own_ca
from app.asterisk_command import seats_of
from app.asterisk_setup import private_asterisk, render_spec, secrets_of
from app.certificate_taken import Given
from app.certificates import Certificate, NoCertificate, desktop_address, read
from app.doctor_files import service_runs
from asterisk_conf.addresses import own_addresses
from asterisk_conf.install import default_cache, find_asterisk
from asterisk_conf.render import render as write_files
from core.clock import SystemClock
from core.config import Settings, encrypted, load


@click.group("certificate")
def certificate_group() -> None:
    """The certificate of HTTPS (desktop) and WSS (its phone): browsers give no microphone to plain HTTP from afar."""


@certificate_group.command("make")
@click.argument("names", nargs=-1)
@click.option("--replace", is_flag=True, help="Take the place of a certificate that comes from elsewhere.")
@click.pass_context
def make(context: click.Context, names: tuple[str, ...], replace: bool) -> None:
    """Make a certificate for NAMES: host names and addresses under which browsers open the desktop.

    A CA of our own signs it, made at the first time; the agents' computers have to trust that CA once.
    """
    settings = _settings(context)
    if not names:
        here = " ".join((socket.gethostname(), *own_addresses()))
        raise click.UsageError(f"say under which names browsers open the desktop, e.g. hotline certificate make {here}")
    made, is_new = own_ca.make(settings.tls, names, _now(), replace=replace)
    _tell(settings, made)
    _tell_ca(settings, is_new=is_new)
    _put_to_use(settings)


@certificate_group.command("renew")
@click.pass_context
def renew(context: click.Context) -> None:
    """Make our own certificate anew for the same names; nothing has to be restarted or trusted again."""
    settings = _settings(context)
    made, is_new = own_ca.renew(settings.tls, _now())
    _tell(settings, made)
    if is_new:
        _tell_ca(settings, is_new=True)
    _put_to_use(settings)


@certificate_group.command("use")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("key", type=click.Path(path_type=Path))
@click.option(
    "--ca", type=click.Path(path_type=Path), help="Your organisation's own CA, when this machine lists it not."
)
@click.option("--name", "names", multiple=True, help="A name that the certificate must cover (may be repeated).")
@click.pass_context
def use(context: click.Context, certificate: Path, key: Path, ca: Path | None, names: tuple[str, ...]) -> None:
    """Take over CERTIFICATE (PEM, its chain behind it) and KEY, after a look at everything browsers look at.

    The same command again takes a renewed one over, without a restart: put it where your renewal can run it.
    """
    settings = _settings(context)
    taken = certificate_taken.use(settings.tls, Given(certificate, key, ca), _now(), names)
    _tell(settings, taken)
    _put_to_use(settings)


@certificate_group.command("show")
@click.pass_context
def show(context: click.Context) -> None:
    """Say what the certificate in use covers and how long it holds; exit status 1 when there is none."""
    settings = _settings(context)
    try:
        _tell(settings, read(settings.tls))
    except NoCertificate as error:
        click.echo(error.message)
        sys.exit(1)


def _tell(settings: Settings, one: Certificate) -> None:
    days = (one.ends - _now()).days
    click.echo(f"for      {', '.join(one.names)}")
    click.echo(f"until    {one.ends.astimezone(settings.site.zone):%Y-%m-%d %H:%M} ({days} days)")
    click.echo(f"issuer   {one.issuer}" + (" (our own)" if one.ours else ""))
    click.echo(f"SHA-256  {one.fingerprint}")
    click.echo(f"files    {settings.tls.certificate}, {settings.tls.key}")


def _tell_ca(settings: Settings, *, is_new: bool) -> None:
    if is_new:
        click.echo(f"The agents' computers have to trust this CA once: {settings.tls.ca} (docs/how-to/https.md)")
    else:
        click.echo("The CA is the same as before: who trusts it needs to do nothing.")


def _put_to_use(before: Settings) -> None:
    """Let the private PBX read it if it runs, and say what the service does or needs."""
    settings = encrypted(before)
    if asyncio.run(_pbx_reads(settings)):
        click.echo("the running PBX shows it to who connects from now on")
    if not service_runs(settings):
        click.echo(f"the service shows it at its next start: {desktop_address(settings)}")
    elif before.web.https_port is None:
        click.echo(f"restart the service once (live calls go on); then: {desktop_address(settings)}")
    else:
        click.echo("the running service shows it within 15 s")
    if settings.web.host in ("127.0.0.1", "::1", "localhost"):
        click.echo('only this machine can reach it yet: set [web] host = "0.0.0.0" and [asterisk] bind = "0.0.0.0"')


async def _pbx_reads(settings: Settings) -> bool:
    found = await asyncio.to_thread(find_asterisk, default_cache())
    if found is None or not settings.asterisk.tls_port:
        return False
    pbx = private_asterisk(settings, found)
    if not (await pbx.status()).booted:
        return False
    write_files(render_spec(settings, seats_of(settings), secrets_of(settings), found))
    await pbx.reload_certificate()
    return True


def _now() -> datetime:
    return SystemClock().now()


def _settings(context: click.Context) -> Settings:
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)
