"""What recordings need of the PBX: to write both sides of a channel into a file, and to give what callers said."""

from typing import Protocol


class Capture(Protocol):
    """Recording control of the PBX (AMI: MixMonitor with `Options: D`, StopMixMonitor; `cti.ami.service` does it).

    Both methods raise PbxDown when the PBX does not answer in time and PbxRefused when it answers with an error.
    """

    async def start(self, channel_id: str, path: str) -> None:
        """Write what the channel receives and sends, interleaved, 8 kHz 16-bit little-endian, to `path` (`.raw`).

        Goes on until `stop` or the channel's end, whatever becomes of this process. An existing file is
        overwritten. Raises NoSuchChannel when the channel is gone.
        """
        ...

    async def stop(self, channel_id: str) -> None:
        """Let the file of the channel be closed; a channel that is gone or not recorded is fine."""
        ...


class Mailbox(Protocol):
    """What callers said after a tone and the PBX has written down (`cti.ari.pbx` does it).

    Each method raises PbxDown when the PBX does not answer.
    """

    async def names(self) -> list[str]:
        """Return the names of all that is there."""
        ...

    async def taking(self, name: str) -> bool:
        """Tell whether it is being written now."""
        ...

    async def sound(self, name: str) -> bytes:
        """Return the sound: 16-bit little-endian mono at 8 kHz. Raises NoSuchChannel when there is none."""
        ...

    async def forget(self, name: str) -> None:
        """Remove it; what is not there is fine."""
        ...
