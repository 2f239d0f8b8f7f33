"""Tariffs that a terms file names and no region has: told before the first readings of their accounts come."""

from collections.abc import Container, Iterator, Mapping

from app.terms_file import Problem, Terms
from core.errors import ConfigError
from desk.billing.supply import Unusable
from desk.billing.tariff_file import book


def unknown(file: str, terms: Mapping[str, Terms], billed: Container[str], default: str) -> Iterator[Problem]:
    """Yield what is wrong with tariffs of accounts that are not `billed`; the bills of the others tell it themselves.

    `default`: the region of accounts that name none.
    """
    for account, own in terms.items():
        if account not in billed and not own.spoilt:
            for point in own.points.values():
                if told := _wrong(str(own.whole.get("region", default)), point.tariff):
                    yield Problem(file, own.lines[point.id], f"account {account}, point {point.id}: {told}")


def _wrong(region: str, tariff: str) -> str:
    try:
        book(region).versions(tariff)
    except Unusable as error:
        return str(error)
    except ConfigError as error:
        return error.message
    return ""
