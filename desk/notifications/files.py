"""The embedded gateway: notes as JSON lines in a file that only the service's user may read."""

import asyncio
import json
import os
from pathlib import Path

from desk.notifications.model import Note
from desk.notifications.port import GatewayDown


class FileGateway:
    """Appends each note to `file`: {"id", "to", "text", "about"}; a line is there whole or not at all."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def send(self, note: Note) -> None:
        """Append the note. Raises GatewayDown when the file cannot be written."""
        line = json.dumps({"id": note.id, "to": note.to, "text": note.text, "about": note.about}, ensure_ascii=False)
        try:
            await asyncio.to_thread(self._append, f"{line}\n".encode())
        except OSError as error:
            raise GatewayDown(f"{self._file}: cannot be written: {error.strerror}") from None

    def _append(self, line: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # One write to a file opened for appending is whole; a half one of a full disk is cut off again.
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            before = os.fstat(handle).st_size
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, before)
                raise OSError(0, "the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)
