"""message: let the caller say something after a tone; what is said becomes work."""

from typing import ClassVar, Literal

from cti.port import PbxRefused
from cti.taking import sound_taken, take_sound
from ivr.call import IvrCall
from ivr.node import PERSON_KEY, Node, Prompts, Target
from ivr.port import Place
from recordings.events import RecordingStored

ADDRESS = "address_recording"
"""What the flow knows of an address that was said: the id of its recording."""
HEAR, ANEW = "1", "2"


class Message(Node):
    """Says `prompts` and a tone, writes down what the caller says (`what`: a message, or the address of a fault).

    `#`, silence or the policy's `message_longest` end it. Then `choice`: `1` hears it, `2` records anew, `0` forgets
    it and leads to `person`, anything else and silence sends it; who hangs up has sent it too. A sent message is a
    work order; an address is for the `fault` node that follows. Nothing heard: `empty`, and again, then `give_up`. No
    room, or a PBX that cannot record: `sorry` and `person`. Entered again after a restart it goes on where it stood.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset()

    do: Literal["message"]
    what: Literal["message", "address"] = "message"
    prompts: Prompts = ("message_ask",)
    choice: Prompts = ("message_choice",)
    empty: Prompts = ("message_empty",)
    sorry: Prompts = ("apology_person",)
    done: Prompts = ("message_done",)
    person: Target
    give_up: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        if stored := [e for e in call.since if isinstance(e, RecordingStored)]:
            return await self._sent(call, stored[-1].recording_id)
        place = await call.services.messages.place(call.id, self.what)
        if place is None:
            return await self._refused(call)
        for _ in range(int(call.number("message_tries"))):
            try:
                spoken = await self._taken(call, place)
            except PbxRefused:
                return await self._refused(call)
            if not spoken:
                await call.say(self.empty)
            else:
                match await self._asked(call, here, place.name):
                    case "send" if await call.services.messages.send(place.name):
                        return await self._sent(call, place.name)
                    case "send":
                        await call.say(self.empty)
                    case "person":
                        await call.services.messages.drop(place.name)
                        return self.person
            place = Place(place.name)
        await call.services.messages.drop(place.name)
        return self.give_up

    async def _taken(self, call: IvrCall, place: Place) -> bool:
        """Let the caller speak, or go on with what was said before a restart; tell whether anything was said."""
        longest, silence = int(call.number("message_longest")), int(call.number("message_silence"))
        if place.said:
            return True
        if place.taking:
            taken = await sound_taken(call.session, place.name, longest)
        else:
            await call.say(self.prompts, interruptible=False)
            call.session.forget_digits()
            await call.services.messages.begins(place.name)
            taken = await take_sound(call.session, place.name, longest, silence)
        call.session.forget_digits()  # the `#` that ended it
        return not taken.failed and taken.spoken_s >= call.number("message_least")

    async def _asked(self, call: IvrCall, here: str, name: str) -> str:
        """Return what becomes of the message: send, anew or person."""
        for _ in range(int(call.number("menu_tries"))):
            await call.say(self.choice)
            key = await call.session.digit(call.number("menu_digit_timeout"))
            call.collected(here, key or "")
            if key == PERSON_KEY:
                return "person"
            if key == ANEW:
                return "anew"
            if key != HEAR:
                return "send"
            await call.session.play([f"recording:{name}"])
        return "send"

    async def _sent(self, call: IvrCall, recording_id: str) -> str:
        if self.what == "address":
            call.known[ADDRESS] = recording_id
        else:
            await call.services.messages.send(recording_id)
        await call.say(self.done)
        return self.next

    async def _refused(self, call: IvrCall) -> str:
        await call.say(self.sorry)
        return self.person
