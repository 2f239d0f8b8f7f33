"""A shift for the mock server: its wallboard, its agents and its calls, few or many, plain or ugly."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from web.ui.mock.data import LONG_NAME, Json, ago, call, now

NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = ("晓梅", "建国", "芳", "志强", "丽娜", "海涛", "静怡", "伟", "雅琴", "浩然", "秀英", "明")
QUEUE_NAMES = ("综合服务", "故障报修", "业务咨询", "投诉举报", "英语服务", "大客户专席", "网上国网", "催办查询")
SKILLS = ("general", "repair", "english", "complaint")
STATES = ("talking", "talking", "talking", "ready", "wrap_up", "not_ready", "ringing", "talking")
HALVES = 48
NIGHT = 4
"""Which of the queues has nobody at work."""


class Floor:
    """Everything on the wall as of now; `beat` lets something happen, as events do."""

    def __init__(
        self, agents: int = 60, queues: int = 5, *, seed: int = 1, ugly: bool = False, zone: str = "Asia/Shanghai"
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same people in every run
        self.ugly = ugly
        self.queues = [self._queue(n) for n in range(queues)]
        self.agents = [self._agent(n) for n in range(agents)]
        self.alarms: list[Json] = []
        self.zone = zone
        self.foretold = True
        self.stormy = False
        self.monitors: dict[str, Json] = {}
        """Who listens to a call, by its id."""
        self.offered = 1
        day = self._day(now())
        self.offered = sum(one["asked"] for one in day)
        self.abandoned = sum(one["abandoned"] for one in day)
        self.answered = self.offered - self.abandoned

    def beat(self) -> None:
        """Move one agent and one queue."""
        if self.agents:
            agent = self._random.choice(self.agents)
            agent |= {"state": self._random.choice(STATES), "since": now().isoformat()}
        if self.queues:
            queue = self._random.choice(self.queues)
            queue["waiting"] = self._random.randrange(6)
            queue["longest_wait_s"] = queue["waiting"] * 9.5
        self.offered += 1
        self.answered += 1

    def wallboard(self) -> Json:
        """Return the answer of `GET /wallboard`."""
        at = now()
        for agent in self.agents:
            agent["seconds"] = (at - datetime.fromisoformat(agent["since"])).total_seconds()
        states = {name: sum(one["state"] == name for one in self.agents) for name in sorted(set(STATES))}
        return {
            "as_of": at.isoformat(),
            "timezone": self.zone,
            "threshold_s": 20.0,
            "goal_percent": 80.0,
            "variants": [],
            "whole": self._sums(),
            "queues": self.queues,
            "skills": [{"id": one, "name": one} for one in SKILLS],
            "agents": [one for one in self.agents if one["state"] != "logged_out"],
            "states": states | {"logged_out": 0, "reserved": 0},
            "day": self._day(at),
            "foretold": self.foretold,
            "alarms": self.alarms,
        }

    def calls(self) -> list[Json]:
        """Return the live calls: a talk for each agent who talks, and who waits in the queues."""
        talks = [
            call(one["call_id"], f"138{number:08d}", state="talking", agent_id=one["id"], queue="general")
            for number, one in enumerate(self.agents)
            if one["state"] == "talking" and one["call_id"]
        ]
        for one in talks:
            one["monitor"] = self.monitors.get(one["id"])
        return [call("w1", "13911112222", state="queued", agent_id=None, ahead_causes=["vip"]), *talks]

    def parked(self) -> list[Json]:
        """Return who is parked."""
        at = {"since": ago(seconds=40), "until": (now() + timedelta(minutes=2)).isoformat()}
        return [{"place": 701, "call_id": "p1", "caller": "13700000007", "agent_id": "ag2", **at}]

    def storm(self) -> Json:
        """Return how storm mode stands."""
        rows: list[tuple[object, ...]] = [
            ("queue_length", 34.0, 50, 10, False, False),
            ("service_level", 91.6, 50, 70, False, True),
            ("arrivals", None, 3, 1.5, False, True),
            ("weather", 4.0, 4, 3, True, False),
        ]
        names = ("trigger", "now", "begins", "ends", "pulled", "calm")
        return {
            "on": self.stormy,
            "since": ago(minutes=20),
            "by": None,
            "by_name": None,
            "why": "weather 4",
            "overruled": False,
            "acts": True,
            "triggers": [dict(zip(names, row, strict=True)) for row in rows],
            "queues": [],
        }

    def explanation(self, call_id: str) -> Json:
        """Return why the call waits."""
        beside = []
        for number, one in enumerate(self.agents):
            free = one["state"] == "ready"
            fits = not free and number % 5 == 0
            lacks = [] if fits else ["english"]
            beside.append({"agent_id": one["id"], "free": free, "fits": fits, "lacks": lacks, "score": 1.0})
        return {
            "call_id": call_id,
            "queue": self.queues[0] if self.queues else {},
            "rule": "longest_idle",
            "stand": "waiting",
            "position": 2,
            "waited_s": 41.0,
            "ahead_s": 30.0,
            "causes": ["vip"],
            "priority": 71.0,
            "step": 1,
            "need": {"skills": {"english": 3}, "groups": []},
            "held_for": None,
            "queues": ["general"],
            "next_change_s": 20.0,
            "agents": beside,
            "decisions": [],
        }

    def _sums(self) -> Json:
        counts = {"N": self.offered * 3, "P": self.offered, "O": self.offered, "A": self.answered, "B": self.abandoned}
        figures: Json = {"SL-8": "91.62", "SL-4": "90.10", "ASA-1": "8.4", "AHT-1": "188.0"}
        if self.offered:
            figures |= {"CR-1": f"{100 * self.answered / self.offered:.2f}"}
            figures |= {"AB-1": f"{100 * self.abandoned / self.offered:.2f}"}
        else:
            figures = dict.fromkeys((*figures, "CR-1", "AB-1"))
        half = {"begins": now().isoformat(), "ends": now().isoformat(), "counts": counts, "figures": figures}
        return {"counts": counts, "figures": figures, "halves": [half] if self.offered else []}

    def _queue(self, number: int) -> Json:
        name = QUEUE_NAMES[number % len(QUEUE_NAMES)]
        waiting = self._random.choice((0, 0, 1, 3, 7))
        nobody = number % 8 == NIGHT
        shown = f"{name} {number // len(QUEUE_NAMES) + 1}" if number >= len(QUEUE_NAMES) else name
        return {
            "id": "general" if number == 0 else f"q{number}",
            "name": LONG_NAME if self.ugly and number % 3 == 1 else shown,
            "waiting": waiting,
            "longest_wait_s": waiting * 9.5,
            "agents_ready": 0 if waiting or nobody else 1 + self._random.randrange(4),
            "agents_busy": 0 if nobody else 1 + self._random.randrange(20),
            "agents_not_ready": 0 if nobody else 2,
            "expected_wait_s": None if nobody else 4.0 + 11.5 * waiting,
            "expected_wait_p90_s": 20.0,
            "counts": {},
            "figures": {"SL-8": ("88.40", "97.10", "92.00", "71.43", None)[number % 5]},
            "halves": [],
        }

    def _agent(self, number: int) -> Json:
        state = self._random.choice(STATES)
        name = self._random.choice(NAMES) + self._random.choice(GIVEN)
        longest = 12 if state == "ringing" else 60 if state == "wrap_up" else 900
        since = now() - timedelta(seconds=self._random.randrange(3, longest))
        held = f"l{number}" if state in ("talking", "ringing", "wrap_up") else None
        return {
            "id": f"ag{number + 1}",
            "username": str(1001 + number),
            "job_number": str(1001 + number),
            "display_name": LONG_NAME if self.ugly and number % 4 == 2 else name,
            "role": "agent",
            "state": state,
            "reason": "meal" if state == "not_ready" else None,
            "cause": "asked",
            "since": since.isoformat(),
            "seconds": 0.0,
            "seat_id": f"seat{1001 + number}",
            "seat_registered": True,
            "call_id": held,
            "skills": {SKILLS[number % len(SKILLS)]: 1 + number % 5, "general": 3},
        }

    def _day(self, at: datetime) -> list[Json]:
        at = at.astimezone(ZoneInfo(self.zone))
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        day, running = [], at.hour * 2 + at.minute // 30
        for half in range(HALVES):
            expected = 4 + 60 * max(0.0, 1 - abs(half - 21) / 14) + 25 * max(0.0, 1 - abs(half - 38) / 8)
            asked = int(expected * (0.85 + half * 37 % 10 / 33)) if half <= running and self.offered else 0
            day.append(
                {
                    "begins": (midnight + timedelta(minutes=30 * half)).isoformat(),
                    "expected": round(expected, 1) if self.foretold else None,
                    "asked": asked,
                    "offered": asked,
                    "answered": asked - asked // 25,
                    "abandoned": asked // 25,
                }
            )
        return day
