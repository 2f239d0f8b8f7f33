"""The ports at which the web is served: plain HTTP, and HTTPS whose certificate may be renewed while it runs."""

import ssl

from aiohttp.web import AppRunner, TCPSite

from app.certificates import CertificateRefused, load, server_context
from core import log
from core.clock import Clock
from core.config import EVERYWHERE, Settings, TlsFiles
from core.errors import ConfigError

_log = log.get(__name__)

LOOK_EVERY_S = 15.0
LOOPBACK = "127.0.0.1"


class WebDoors:
    """Opens the ports of `settings`; `run` lets new connections see a certificate that was renewed."""

    def __init__(self, runner: AppRunner, settings: Settings, clock: Clock) -> None:
        self._runner = runner
        self._web = settings.web
        self._files = settings.tls
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self._seen: tuple[int, ...] = ()

    async def open(self) -> None:
        """Listen. Raises ConfigError for a port in use, CertificateRefused."""
        if self._web.https_port is not None:
            self._seen = _stamps(self._files)
            self._context = server_context(self._files)
        await self._runner.setup()
        for host in self._plain_hosts():
            await self._listen(host, self._web.port, "port")
        if self._web.https_port is not None:
            await self._listen(self._web.host, self._web.https_port, "https_port", self._context)

    def _plain_hosts(self) -> tuple[str, ...]:
        web = self._web
        if web.https_port is None:
            return (web.host,)
        if web.redirect:
            return (web.host,) if web.host in (*EVERYWHERE, LOOPBACK) else (web.host, LOOPBACK)
        return (LOOPBACK,)

    async def _listen(self, host: str, port: int, key: str, context: ssl.SSLContext | None = None) -> None:
        try:
            await TCPSite(self._runner, host, port, ssl_context=context).start()
        except OSError as error:
            raise ConfigError(
                f"the web port {host}:{port} cannot be used ({error.strerror}): "
                f"end what uses it or change [web] {key} (HOTLINE_WEB__{key.upper()})"
            ) from None

    async def run(self) -> None:
        """Look now and then whether the files of the certificate are others, until cancelled."""
        while self._context is not None:
            await self._clock.sleep(LOOK_EVERY_S)
            self.look()

    def look(self) -> None:
        """Take a changed certificate; one that cannot be used is told once, and the one before goes on."""
        stamps = _stamps(self._files)
        if self._context is None or stamps == self._seen:
            return
        self._seen = stamps
        try:
            server_context(self._files)
            load(self._context, self._files)
        except CertificateRefused as error:
            _log.error("certificate not taken", extra={"action": "certificate_refused", "why": error.message})
        else:
            _log.info("certificate renewed", extra={"action": "certificate_renewed"})


def _stamps(files: TlsFiles) -> tuple[int, ...]:
    """When the files were last written, in ns; 0 for one that is missing."""
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in (files.certificate, files.key))
