"""All desktops of this process: what the journal tells becomes messages to the agents whom it concerns."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from agents.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentReserved,
    AgentStateChanged,
    AgentStateWished,
    AgentWrapUpExtended,
    PhoneChecked,
    UserChanged,
)
from agents.messages.events import MessageRead, MessageSent
from agents.model import Agent, Permission, SeatKind, User
from agents.shifts.events import BackupActivated, BackupReleased
from core.events import Event, Recorded
from core.journal import of_call
from core.switches import SettingChanged
from core.tasks import TaskOwner
from cti import store as call_rows
from cti.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallPlaced,
    CallQueued,
    CallTransferred,
    HoldReminded,
    PbxFound,
    PbxLost,
    SeatLost,
    SeatRegistered,
)
from cti.model import WITH_AGENT, CallState
from desk.announcements.events import AnnouncementSwitched
from desk.customers.events import CustomerNumberAdded
from desk.nuisance.events import NuisanceMarked
from ivr.events import (
    CallerIdentified,
    DigitsCollected,
    IvrNodeEntered,
    SilenceBroken,
    SilenceNoticed,
    SilenceOver,
    SilenceUnheard,
)
from web import pushed, shapes
from web.attendance import Attendance
from web.customer_file import CustomerFiles
from web.customer_looks import CustomerLooks
from web.live_calls import LiveCalls, Moved
from web.parked import parked
from web.people import People
from web.phone_pages import PhonePages
from web.screen_pop import ScreenPops
from web.services import WebServices
from web.stream import SIGNED_OUT, Message, Outlet, Stream
from web.views import choices, live_call_shape, me_shape, queue_shape, seat_of, user_shape

QUEUES_EVERY_S = 1.0
KEPT_FOR_S = 600.0
"""How long the messages of an agent without a socket are kept for one that comes back."""
GOING_AWAY = 1001
STORM_ON = (
    "warning",
    "storm_on",
    "大面积停电模式已开启：来电先听停电信息，可即时预约回拨；队列已满时只接听危险报修和重要客户。",
)
STORM_OFF = ("info", "storm_off", "大面积停电模式已关闭。")
BACKUP_ON = ("warning", "backup_activated", "已启动备班：")
BACKUP_OFF = ("info", "backup_released", "备班已解除：")
_HEARD = ("info", "caller_heard", "听到客户的声音，请继续通话。")
SILENCE_NOTICES: dict[type[Event], tuple[str, str, str]] = {
    SilenceNoticed: ("warning", "caller_silent", "接通后一直没有听到客户的声音，可按“无声提示”。"),
    SilenceBroken: _HEARD,
    SilenceOver: _HEARD,
    SilenceUnheard: ("warning", "silence_unheard", "无法监听客户的声音，无声提示已停止，请继续通话。"),
}
"""Level, code and words of what an agent is told of a silent caller."""
WAITING = (CallQueued, CallTransferred)
NOTHING_MORE = frozenset({CallArrived, CallAnswered, DigitsCollected, CallerIdentified, CallEnded})
"""Of these, which every call brings, a desktop is told no more than how the call stands."""


@dataclass(slots=True)
class Desktop:
    """One agent's stream, and since when it has no socket."""

    user: User
    stream: Stream
    alone_since: float | None = None


class Desktops:
    """Feeds every open desktop; `start` before the first socket, `close` at the end."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._roster = services.agents.roster
        self._waits_at = services.flows.waits_at
        self.attendance = Attendance(services.agents.pages)
        self.people = People(services.accounts, services.bus)
        self.calls = LiveCalls()
        self.files = CustomerFiles(services, self.people)
        self.looks = CustomerLooks(services, self.calls)
        self.pops = ScreenPops(services, self.files, self.calls, self.people, self._show_pop)
        self._desktops: dict[str, Desktop] = {}
        self._phone_pages = PhonePages()
        self._last_first = 0
        self._tasks = TaskOwner("desktops")
        self._queues: list[shapes.Queue] = []
        self._forget = services.bus.listen(Event, self._hear)
        self._forget_moves = services.announcements.when_moved(self._announcements_moved)

    # --- life ---

    async def start(self) -> None:
        """Take up the calls that live now and begin to tell of the queues."""
        await self.people.load()
        self.calls.load(await self._services.db.read(_stories))
        self._tasks.start(self._tell_queues(), "queues")

    async def close(self) -> None:
        """Close every socket: the service is going away."""
        self._forget()
        self._forget_moves()
        self.people.forget()
        for desktop in self._desktops.values():
            desktop.stream.close(GOING_AWAY, "the service is stopping; come back")
        await self.pops.close()
        await self._tasks.close()

    # --- sockets ---

    def __len__(self) -> int:
        return sum(len(desktop.stream) for desktop in self._desktops.values())

    def open(self, user: User, outlet: Outlet, since: int | None) -> None:
        """Attach a socket: it gets what it missed after `since`, or a full hello, then every further message."""
        desktop = self._desktops.get(user.id) or self._new(user)
        desktop.user, desktop.alone_since = user, None
        if not desktop.stream.attach(outlet, since):
            outlet.put(self._hello(user).numbered(desktop.stream.seq))
        elif self._queues:
            outlet.put(self._queue_stats(self._services.clock.now()).numbered(desktop.stream.seq))

    def left(self, user: User, outlet: Outlet) -> bool:
        """Take a socket away; True when it was the agent's last."""
        desktop = self._desktops[user.id]
        desktop.stream.detach(outlet)
        if len(desktop.stream):
            return False
        desktop.alone_since = self._services.clock.monotonic()
        return True

    def seq(self, user: User) -> int:
        """Return the number of the agent's last message."""
        return self._desktops[user.id].stream.seq

    def session_ended(self, user_id: str, token: str) -> None:
        """Close the sockets of a session that was signed out."""
        if (desktop := self._desktops.get(user_id)) is not None:
            desktop.stream.close(SIGNED_OUT, "signed out", token)

    def _new(self, user: User) -> Desktop:
        first = max(
            int(self._services.clock.now().timestamp() * 1000), self._last_first + 2
        )  # also when the clock was put back
        self._last_first = first
        desktop = self._desktops[user.id] = Desktop(user, Stream(first))
        return desktop

    # --- what is told ---

    def _hello(self, user: User) -> Message:
        services, now = self._services, self._services.clock.now()
        agent = self._roster.get(user.id) or Agent(agent_id=user.id, since=now)
        live = self.calls.get(agent.call_id)
        hello = shapes.Hello(
            user=user_shape(user),
            seat=seat_of(self._roster, user.id),
            phone_page=self._phone_pages.of(user.id),
            agent=me_shape(agent),
            call=live_call_shape(live, user) if live else None,
            pop=self.pops.shown_to(user.id, agent.call_id) if agent.call_id else None,
            queues=self._read_queues(),
            server_time=now,
            not_ready_reasons=choices(services.agents.reasons, services.settings.site.language),
            result_codes=choices(services.agents.results, services.settings.site.language),
            site=shapes.Site(
                name=services.settings.site.name,
                timezone=services.settings.site.timezone,
                outbound_number=services.settings.trunk.outbound_caller_id,
            ),
        )
        return _message("hello", now, hello)

    def _put(self, agent_id: str | None, kind: str, at: datetime, what: BaseModel) -> None:
        if (desktop := self._desktops.get(agent_id or "")) is not None:
            desktop.stream.put(_message(kind, at, what))

    def phone_is(self, agent_id: str, page: str) -> None:
        """Remember which page is the phone of an agent, and tell all of them."""
        self._put(agent_id, "phone", self._services.clock.now(), self._phone_pages.take(agent_id, page))

    def _show_pop(self, agent_id: str, pop: shapes.ScreenPop, at: datetime) -> None:
        self._put(agent_id, "screen_pop", at, pop)

    def _hear(self, recorded: Recorded) -> None:
        """Tell of an event. Never waits: every desktop's share is put into its queue at once."""
        event = recorded.event
        if (moved := self.calls.take(recorded)) is not None:
            self._tell_call(moved, event)
        if type(event) not in NOTHING_MORE:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        match event:
            case IvrNodeEntered(call_id=call_id, flow=flow, node=node):
                if self._waits_at(flow, node):
                    self._prepare(call_id)
            case AgentReserved() | CallPlaced():
                self.pops.reserved(event)
            case AgentStateChanged() | AgentStateWished() | AgentWrapUpExtended():
                self._tell_agent(event.agent_id, event.at)
            case AgentLoggedIn() | AgentLoggedOut() | PhoneChecked():
                self._tell_seat(event.agent_id, event.at)
            case SeatRegistered() | SeatLost():
                self._tell_phone(event)
            case CustomerNumberAdded(call_id=call_id):
                if (live := self.calls.get(call_id)) is not None:
                    self.pops.identified(live, event.at)
            case PbxLost():
                self._notice_all(event.at, "error", "pbx_lost", "与电话系统的连接中断,正在重连。")
            case PbxFound():
                self._notice_all(event.at, "info", "pbx_found", "与电话系统的连接正常。")
            case SilenceNoticed() | SilenceBroken() | SilenceOver() | SilenceUnheard():
                self._notice_of_silence(event)
            case NuisanceMarked():
                self._notice_leads(event.at, "warning", "nuisance", "坐席上报了一通骚扰来电，请处理。")
            case HoldReminded(agent_id=agent_id, held_s=held_s):
                text = f"客户已保持 {held_s} 秒，请接回客户并致歉。"
                self._put(agent_id, "notice", event.at, pushed.Notice(level="warning", code="hold_reminder", text=text))
            case SettingChanged(setting="site.storm", value=on):
                self._notice_all(event.at, *(STORM_ON if on else STORM_OFF))
            case BackupActivated() | BackupReleased():
                self._notice_of_backup(event)
            case AnnouncementSwitched():
                self._announcements_moved()
            case MessageSent():
                self._tell_message(event)
            case MessageRead(message_id=message_id, agent_id=reader):
                self._put(reader, "message_read", event.at, pushed.MessageRead(id=message_id))
            case UserChanged(user_id=user_id, what=what, changes=changes):
                if what in ("disabled", "password") or (what == "changed" and "role" in changes):
                    self._sign_out(user_id)

    def _announcements_moved(self) -> None:
        """Tell who may switch announcements that they stand differently now."""
        at = self._services.clock.now()
        for user_id in [i for i, desktop in self._desktops.items() if _leads(desktop.user)]:
            self._put(user_id, "announcements", at, pushed.AnnouncementsMoved())

    def _tell_message(self, event: MessageSent) -> None:
        """Bring a message to the desktops of its recipients; who has none open reads it at the next opening."""
        what = pushed.Message(
            id=event.message_id,
            sender_id=event.sender_id,
            sender=self.people.name(event.sender_id),
            text=event.text,
            sent_at=event.at,
            to_all=not event.to,
            read_at=None,
        )
        for user_id in event.to or [i for i in self._desktops if i != event.sender_id]:
            self._put(user_id, "message", event.at, what)

    def _notice_of_backup(self, event: BackupActivated | BackupReleased) -> None:
        """Tell who leads, and who is called in, that the backup shift is called in or let go."""
        said = BACKUP_ON if isinstance(event, BackupActivated) else BACKUP_OFF
        notice = pushed.Notice(level=said[0], code=said[1], text=f"{said[2]}{event.why}")
        for user_id in [i for i, one in self._desktops.items() if i in event.agent_ids or _leads(one.user)]:
            self._put(user_id, "notice", event.at, notice)

    def _notice_leads(self, at: datetime, level: str, code: str, text: str) -> None:
        for user_id in [i for i, one in self._desktops.items() if one.user.may(Permission.STEER_TEAM)]:
            self._put(user_id, "notice", at, pushed.Notice(level=level, code=code, text=text))

    def _notice_of_silence(self, event: SilenceNoticed | SilenceBroken | SilenceOver | SilenceUnheard) -> None:
        """Tell the agent of a silent caller at once when the caller is heard, or is to be asked by the script."""
        if isinstance(event, SilenceOver) and event.by == "unknown":
            return  # nobody listens any more, which is not to be heard
        live = self.calls.get(event.call_id)
        if live is not None and live.call.state in WITH_AGENT:
            level, code, text = SILENCE_NOTICES[type(event)]
            self._put(live.call.agent_id, "notice", event.at, pushed.Notice(level=level, code=code, text=text))

    def _tell_call(self, moved: Moved, event: Event) -> None:
        live = moved.after
        if type(event) in WAITING:
            self._prepare(live.call.id)
        elif isinstance(event, CallEnded):
            self.pops.over(live.call.id)
        elif isinstance(event, CallerIdentified) and event.by:
            self.pops.identified(live, event.at)
        if CallState.PARKED in {live.call.state, moved.before.state if moved.before else None}:
            self._tell_parked(event.at)
        calls = [live.call, *([moved.before] if moved.before else [])]
        concerned = {who for call in calls for who in (call.agent_id, call.third_agent_id, call.watcher_id)} - {None}
        for agent_id in concerned:
            if (desktop := self._desktops.get(agent_id or "")) is not None:
                shape = live_call_shape(live, desktop.user)
                self._put(agent_id, "call_state", event.at, pushed.CallState(call=shape))

    def _tell_parked(self, at: datetime) -> None:
        """Tell everybody who may pick up which callers are parked now."""
        for user_id, desktop in self._desktops.items():
            if desktop.user.may(Permission.TAKE_CALLS):
                items = parked(self._services, desktop.user)
                self._put(user_id, "parked", at, shapes.Items(items=items))

    def _prepare(self, call_id: str) -> None:
        """Fetch what is known of the caller: a person will be asked for as soon as the node's words are said."""
        if (live := self.calls.get(call_id)) is not None:
            self.pops.prepare(live)

    def _tell_agent(self, agent_id: str, at: datetime) -> None:
        agent = self._roster.get(agent_id)
        if agent is not None and agent_id in self._desktops:
            me = me_shape(agent).model_dump(exclude={"id"})
            self._put(agent_id, "agent_state", at, pushed.AgentState(agent_id=agent_id, **me))

    def _tell_seat(self, agent_id: str, at: datetime) -> None:
        self._put(agent_id, "seat_state", at, pushed.SeatState(seat=seat_of(self._roster, agent_id)))

    def _tell_phone(self, event: SeatRegistered | SeatLost) -> None:
        seat = self._roster.seat_of_phone(event.sip_username)
        agent = self._roster.at_seat(seat.id) if seat else None
        if agent is None:
            return
        self._tell_seat(agent.agent_id, event.at)
        if isinstance(event, SeatLost) and seat is not None and seat.kind is SeatKind.PHONE:
            notice = pushed.Notice(level="warning", code="seat_lost", text="话机未注册,请检查话机。")
            self._put(agent.agent_id, "notice", event.at, notice)

    def _notice_all(self, at: datetime, level: str, code: str, text: str) -> None:
        message = _message("notice", at, pushed.Notice(level=level, code=code, text=text))
        for desktop in self._desktops.values():
            desktop.stream.put(message)

    def _sign_out(self, user_id: str) -> None:
        if (desktop := self._desktops.get(user_id)) is not None:
            desktop.stream.close(SIGNED_OUT, "the session has ended; sign in again")

    # --- queues ---

    def _read_queues(self) -> list[shapes.Queue]:
        routing, language = self._services.routing, self._services.settings.site.language
        return [queue_shape(routing, queue_id, language) for queue_id in routing.queues]

    def _queue_stats(self, at: datetime) -> Message:
        return _message("queue_stats", at, pushed.QueueStats(queues=self._queues))

    async def _tell_queues(self) -> None:
        while True:
            queues = self._read_queues()
            if queues != self._queues:
                self._queues = queues
                message = self._queue_stats(self._services.clock.now())
                for desktop in self._desktops.values():
                    desktop.stream.pass_on(message)
            self._forget_the_gone()
            await self._services.clock.sleep(QUEUES_EVERY_S)

    def _forget_the_gone(self) -> None:
        before = self._services.clock.monotonic() - KEPT_FOR_S
        gone = [i for i, d in self._desktops.items() if d.alone_since is not None and d.alone_since < before]
        for user_id in gone:
            self._last_first = max(self._last_first, self._desktops.pop(user_id).stream.seq)


def _leads(user: User) -> bool:
    return user.may(Permission.STEER_TEAM) or user.may(Permission.CHANGE_BUSINESS)


def _message(kind: str, at: datetime, what: BaseModel) -> Message:
    return Message(kind, at, what.model_dump_json(by_alias=True))


def _stories(connection: Connection) -> list[list[Recorded]]:
    """Return the story of every live call."""
    return [of_call(connection, call.id) for call in call_rows.live(connection)]
