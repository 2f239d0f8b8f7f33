"""The sentences in which a caller hears of an outage: where, when, what kind, why."""

from datetime import datetime
from zoneinfo import ZoneInfo

from desk.outages.model import Outage, overdue
from desk.spoken import Sentence, sentence
from speech import mandarin

AREAS_SAID = 5
"""More areas than this are too many to remember; the first ones are said, with how many there are."""


def outage(notice: Outage, now: datetime, zone: ZoneInfo, *, area: str = "") -> Sentence:
    """Return what the caller hears of a notice; `area` is where the caller lives, when that is known.

    Of an announced end that has passed nothing is known but that nobody has said that the power is back.
    """
    today, ends = now.astimezone(zone).date(), notice.ends.astimezone(zone)
    cause = notice.cause.strip().rstrip("。.")
    if overdue(notice, now):
        passed = f"，原预计{mandarin.ending(ends, today=today)}恢复供电，目前尚未收到恢复消息，仍在处理中，敬请谅解。"
        return sentence(_where(notice, area), str(notice.kind), "，原因是", cause, passed)
    when = mandarin.span(notice.begins.astimezone(zone), ends, today=today)
    return sentence(_where(notice, area), when, str(notice.kind), "，原因是", cause, "，敬请谅解。")


def _where(notice: Outage, area: str) -> str:
    if area in notice.areas:
        return f"您所在的{area}"
    if area or not notice.areas:
        return "您的用电地址"
    said = "、".join(notice.areas[:AREAS_SAID])
    return said if len(notice.areas) <= AREAS_SAID else f"{said}等{mandarin.count(len(notice.areas), '个片区')}"
