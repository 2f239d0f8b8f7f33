"""Hands the pages of administration what they need of this installation."""

from app.pbx_seats import PbxSeats
from app.voices import Voices
from core.clock import Clock
from core.config import Settings
from core.journal import Journal
from ivr.versions.service import FlowService
from speech.second import ENGLISH
from web.installation import Installation
from web.own_files import OwnFiles


def installation(
    settings: Settings, journal: Journal, clock: Clock, flows: FlowService, voices: Voices
) -> Installation:
    """Return it. Reads the installation's own files. Raises ConfigError."""
    return Installation(
        own_files=OwnFiles(settings, journal, clock, flows.suits),
        tell_seats=PbxSeats(settings).tell,
        packs={ENGLISH: voices.english.pack, settings.site.language: voices.pack},
    )
