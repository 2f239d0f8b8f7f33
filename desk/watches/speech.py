"""The notes to those who watch: no name, no address, no account."""

from datetime import datetime

from core.config import Site


def restored(site: Site) -> str:
    """The outage was ended: power is back."""
    return f"【{site.name}】您关注的停电已经恢复供电。如家中仍然没有电，请拨打{site.number}。"


def cancelled(site: Site) -> str:
    """The notice was taken back."""
    return f"【{site.name}】您关注的停电通知已经取消。如家中没有电，请拨打{site.number}。"


def postponed(site: Site, ends: datetime) -> str:
    """The announced end is another one."""
    at = ends.astimezone(site.zone)
    return f"【{site.name}】您关注的停电预计恢复供电时间变更为{at.month}月{at.day}日{at:%H:%M}。"


def overdue(site: Site, ends: datetime) -> str:
    """The announced end has passed, and nobody has said that the power is back."""
    at = ends.astimezone(site.zone)
    return (
        f"【{site.name}】您关注的停电原预计{at.month}月{at.day}日{at:%H:%M}恢复供电，目前尚未收到恢复消息，仍在处理中。"
        f"新的预计时间确定后将另行通知；如家中已来电，请忽略。"
    )


def mended(site: Site, number: str) -> str:
    """The fault order is closed."""
    return f"【{site.name}】工单{number}的故障已经处理完毕。如家中仍然没有电，请拨打{site.number}。"
