"""What the pages of administration need of the installation beside its services: own files, the PBX's seats, sounds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from speech.prompts import PromptPack
from web.own_files import OwnFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """`packs`: the prompts that have a sound, by language."""

    own_files: OwnFiles
    tell_seats: Callable[[], Awaitable[bool]]
    """Lets the PBX know the seats as they are stored; False: a person has to (`hotline asterisk render`)."""
    packs: Mapping[str, PromptPack] = field(default_factory=dict)
