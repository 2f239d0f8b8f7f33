"""A SIP user agent with real RTP: the phone of callers and seats in `hotline dial`, the demo, tests and benches."""

from cti.ua.call import UaCall
from cti.ua.digits import BadDigits
from cti.ua.incoming import IncomingCall
from cti.ua.model import By, CallOver, CallRefused, CallState, Ended, Times
from cti.ua.outgoing import CallPlan, OutgoingCall
from cti.ua.received import Gap, HeardKey, Packet, Received, tone_power
from cti.ua.registration import Registration, RegistrationRefused
from cti.ua.sound import read_wav, write_wav
from cti.ua.transactions import NoReply
from cti.ua.user_agent import BadAddress, UserAgent, address_of

__all__ = [
    "BadAddress",
    "BadDigits",
    "By",
    "CallOver",
    "CallPlan",
    "CallRefused",
    "CallState",
    "Ended",
    "Gap",
    "HeardKey",
    "IncomingCall",
    "NoReply",
    "OutgoingCall",
    "Packet",
    "Received",
    "Registration",
    "RegistrationRefused",
    "Times",
    "UaCall",
    "UserAgent",
    "address_of",
    "read_wav",
    "tone_power",
    "write_wav",
]
