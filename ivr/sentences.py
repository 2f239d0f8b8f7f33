"""The sentences of bills and outages in the languages in which callers can hear them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from core.policy import Policy
from desk.billing import english as bill_english
from desk.billing import speech as bill_speech
from desk.billing.model import BillSummary, UsageHistory
from desk.outages import english as outage_english
from desk.outages import speech as outage_speech
from desk.outages.model import Outage
from desk.spoken import Sentence


def _texts(said: Iterable[Sentence]) -> list[str]:
    return [sentence.text for sentence in said]


@dataclass(frozen=True, slots=True)
class Words:
    """What is said `now` at the site, in the site's own language."""

    now: datetime
    zone: ZoneInfo
    policy: Policy

    language: ClassVar[str] = ""

    @property
    def today(self) -> date:
        """The day at the site."""
        return self.now.astimezone(self.zone).date()

    def bill(self, summary: BillSummary, *, cut_off: bool) -> list[str]:
        """Return what the caller hears of a bill; `cut_off`: the supply is cut for arrears."""
        return _texts(bill_speech.bill(summary, self.today, cut_off=cut_off, policy=self.policy))

    def usage(self, history: UsageHistory) -> list[str]:
        """Return what the caller hears of the last months."""
        return _texts(bill_speech.usage(history, self.today))

    def which(self, accounts: Sequence[str]) -> list[str]:
        """Return how a caller with several accounts chooses one."""
        return _texts(bill_speech.which(accounts))

    def outage(self, notice: Outage, area: str) -> list[str]:
        """Return what the caller hears of an outage that concerns an account in `area`."""
        return [outage_speech.outage(notice, self.now, self.zone, area=area).text]


class EnglishWords(Words):
    """The same in English."""

    __slots__ = ()
    language = "en"

    def bill(self, summary: BillSummary, *, cut_off: bool) -> list[str]:
        return _texts(bill_english.bill(summary, self.today, cut_off=cut_off, policy=self.policy))

    def usage(self, history: UsageHistory) -> list[str]:
        return _texts(bill_english.usage(history, self.today))

    def which(self, accounts: Sequence[str]) -> list[str]:
        return _texts(bill_english.which(accounts))

    def outage(self, notice: Outage, area: str) -> list[str]:
        return _texts(outage_english.outage(notice, self.now, self.zone))


def words(language: str) -> type[Words]:
    """Return the words of a language; those of the site where there are none."""
    return EnglishWords if language == EnglishWords.language else Words
