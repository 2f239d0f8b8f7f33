"""Nuisance callers: what agents report, and the numbers that are not served, answered from memory.

A number is blocked by a shift lead for a number of days and served again by itself afterwards; whoever blocks, changes
or lifts is in the journal.
"""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.db import Database
from core.errors import BadInput, Conflict, NotFound
from core.ids import new_id
from core.journal import Journal
from core.phone import normalise
from core.policy import Policy
from desk.nuisance import store
from desk.nuisance.events import NuisanceMarked, NuisanceWarned, NumberBlocked, NumberUnblocked
from desk.nuisance.model import Block, Mark

SHOWN = timedelta(days=90)
"""How long a block that is over is still listed."""
NOTE_LENGTH = 500


class NotWarned(Conflict):
    """The caller has not been warned: a nuisance call is ended only after the warning."""

    code = "not_warned"


class NoSuchBlock(NotFound):
    """No number is blocked under this id."""

    code = "no_such_block"


class NuisanceService:
    """`load` before the first call; one process writes."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, policy: Policy) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._usual = policy.number("block_days")
        self._most = policy.number("block_days_most")
        self._blocks: dict[str, Block] = {}
        """By number, the block that was written last."""

    async def load(self) -> None:
        """Take up the numbers that are blocked."""
        now = self._clock.now()
        found = await self._db.read(lambda connection: store.blocks(connection, now))
        self._blocks = {block.phone: block for block in reversed(found) if block.holds(now)}

    def blocked(self, phone: str) -> bool:
        """Tell whether calls from a number are not served now."""
        return self._holding(phone) is not None

    async def warned(self, call_id: str, agent_id: str) -> None:
        """The caller has heard the warning."""
        await self._journal.record(NuisanceWarned(at=self._clock.now(), call_id=call_id, agent_id=agent_id))

    async def check_warned(self, call_id: str) -> None:
        """Raise NotWarned unless the caller of this call has heard the warning."""
        if not any(isinstance(one.event, NuisanceWarned) for one in await self._journal.of_call(call_id)):
            raise NotWarned(call_id=call_id)

    async def mark(self, mark: Mark) -> None:
        """Report a call, or that a reported one was released. Raises Conflict for what was told already, BadInput."""
        _check_note(mark.note)
        told = NuisanceMarked(
            at=mark.at, call_id=mark.call_id, agent_id=mark.agent_id, released=mark.released, note=mark.note
        )
        try:
            await self._journal.record(told, save=lambda connection: store.add_mark(connection, mark))
        except IntegrityError:
            raise Conflict("this call was reported already", call_id=mark.call_id) from None

    async def marks(self, limit: int) -> list[Mark]:
        """Return the latest reports, newest first."""
        return await self._db.read(lambda connection: store.marks(connection, limit))

    async def block(self, raw: str, by: str, *, days: float | None = None, note: str = "") -> Block:
        """Serve a number no more for `days` from now (else as the policy says); one that is blocked: until then.

        Raises BadInput for what is no number, or too many days.
        """
        phone = normalise(raw)
        if not phone.known:
            raise BadInput("number: this is no telephone number; withheld ones cannot be blocked", field="number")
        wanted = self._usual if days is None else days
        if not 0 < wanted <= self._most:
            raise BadInput(f"days: more than 0, at most {self._most:g}", field="days")
        _check_note(note)
        now = self._clock.now()
        before = self._holding(phone.number)
        since = before.since if before else now
        block = Block(before.id if before else new_id(), phone.number, since, now + timedelta(days=wanted), by, note)
        told = NumberBlocked(at=now, block_id=block.id, caller=phone.number, until=block.until, by=by, note=note)
        await self._journal.record(told, save=lambda connection: store.put_block(connection, block))
        self._blocks[phone.number] = block
        return block

    async def prolong(self, block_id: str, by: str, *, days: float | None = None, note: str = "") -> Block:
        """Let a block last `days` from now; without a `note` its reason stays. Raises NoSuchBlock, BadInput."""
        before = self._block(block_id)
        return await self.block(before.phone, by, days=days, note=note or before.note)

    async def lift(self, block_id: str, by: str, note: str = "") -> Block:
        """Serve a number again, for the reason `note`. Raises NoSuchBlock when it is not blocked, BadInput."""
        now, before = self._clock.now(), self._block(block_id)
        _check_note(note)
        lifted = replace(before, lifted_at=now, lifted_by=by)
        told = NumberUnblocked(at=now, block_id=block_id, caller=before.phone, by=by, note=note)
        await self._journal.record(told, save=lambda connection: store.put_block(connection, lifted))
        self._blocks.pop(before.phone, None)
        return lifted

    async def blocks(self) -> list[Block]:
        """Return the numbers that are blocked, and those that were not long ago, those that end last first."""
        since = self._clock.now() - SHOWN
        return await self._db.read(lambda connection: store.blocks(connection, since))

    def _holding(self, phone: str) -> Block | None:
        block = self._blocks.get(phone)
        return block if block is not None and block.holds(self._clock.now()) else None

    def _block(self, block_id: str) -> Block:
        found = next((one for one in self._blocks.values() if one.id == block_id), None)
        if found is None or not found.holds(self._clock.now()):
            raise NoSuchBlock(block_id=block_id)
        return found


def _check_note(note: str) -> None:
    if len(note) > NOTE_LENGTH:
        raise BadInput(f"note: at most {NOTE_LENGTH} characters", field="note")
