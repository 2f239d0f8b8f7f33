"""Customers and their accounts as the hotline sees them ([domain 6], data of a utility's marketing system)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Category(StrEnum):
    """What electricity is used for; it decides tariff and late fee ([domain 15.6, 15.7])."""

    RESIDENTIAL = "residential"
    """居民"""
    COMMERCIAL = "commercial"
    """工商业"""
    AGRICULTURAL = "agricultural"
    """农业"""


class SupplyState(StrEnum):
    """Whether the account is supplied."""

    ON = "on"
    CUT_FOR_ARREARS = "cut_for_arrears"
    """欠费停电"""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who has a contract; `vip` and `important` (重要用户) decide how the call is treated."""

    id: str
    """The utility's own customer number."""
    name: str
    vip: bool = False
    important: bool = False
    phones: tuple[str, ...] = ()
    """Numbers in the form of `core.phone`."""
    manager: str = ""
    """The account manager (客户经理): the user name of an agent; empty: none."""
    category: Category | None = None
    """As an agent wrote it down; like `address` and `area`, that of an account says more."""
    address: str = ""
    area: str = ""
    language: str = ""
    """The language or dialect (方言) that they speak, as an agent wrote it down; empty: Mandarin, or not said."""


@dataclass(frozen=True, slots=True)
class Account:
    """A supply contract (户号) at one address."""

    number: str
    customer_id: str
    address: str
    area: str
    """片区, the unit in which outages are announced."""
    category: Category = Category.RESIDENTIAL
    voltage: str = "220 V"
    supply_state: SupplyState = SupplyState.ON


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint once made, as far as the hotline needs it."""

    id: str
    customer_id: str
    at: datetime
    about: str
