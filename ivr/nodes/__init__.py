"""The verbs of a flow, one a file."""

from typing import Annotated

from pydantic import Field

from ivr.node import Node
from ivr.nodes.announce import Announce
from ivr.nodes.bill import Bill
from ivr.nodes.branch import Branch
from ivr.nodes.callback import Callback
from ivr.nodes.collect import Collect
from ivr.nodes.fault import Fault
from ivr.nodes.fault_known import FaultKnown
from ivr.nodes.greet import Greet
from ivr.nodes.hangup import Hangup
from ivr.nodes.hours import Hours
from ivr.nodes.language import Language, OfferLanguage
from ivr.nodes.lookup import Lookup
from ivr.nodes.menu import Menu
from ivr.nodes.message import Message
from ivr.nodes.order_number import OrderNumber
from ivr.nodes.order_progress import OrderProgress
from ivr.nodes.outage import Outage
from ivr.nodes.play import Play
from ivr.nodes.queue import Queue
from ivr.nodes.return_ import Return
from ivr.nodes.say import Say
from ivr.nodes.set import Set
from ivr.nodes.silence import Silence
from ivr.nodes.sms import Sms
from ivr.nodes.speech import Speech
from ivr.nodes.subflow import Subflow
from ivr.nodes.survey import Survey
from ivr.nodes.transfer import Transfer
from ivr.nodes.urge import Urge
from ivr.nodes.verify import Verify
from ivr.nodes.watch import Watch

AnyNode = Annotated[
    Play
    | Greet
    | Say
    | Menu
    | Collect
    | Verify
    | Bill
    | Outage
    | FaultKnown
    | Fault
    | OrderNumber
    | Watch
    | Lookup
    | OrderProgress
    | Sms
    | Urge
    | Message
    | Callback
    | Transfer
    | Queue
    | Announce
    | Language
    | OfferLanguage
    | Silence
    | Speech
    | Survey
    | Branch
    | Hours
    | Set
    | Subflow
    | Return
    | Hangup,
    Field(discriminator="do"),
]
VERBS: dict[str, type[Node]] = {
    "play": Play,
    "greet": Greet,
    "say": Say,
    "menu": Menu,
    "collect": Collect,
    "verify": Verify,
    "bill": Bill,
    "outage": Outage,
    "fault_known": FaultKnown,
    "fault": Fault,
    "order_number": OrderNumber,
    "watch": Watch,
    "lookup": Lookup,
    "order_progress": OrderProgress,
    "sms": Sms,
    "urge": Urge,
    "message": Message,
    "callback": Callback,
    "transfer": Transfer,
    "queue": Queue,
    "announce": Announce,
    "language": Language,
    "offer_language": OfferLanguage,
    "silence": Silence,
    "speech": Speech,
    "survey": Survey,
    "branch": Branch,
    "hours": Hours,
    "set": Set,
    "subflow": Subflow,
    "return": Return,
    "hangup": Hangup,
}
