"""A shift for the mock server: its wallboard, its agents and its calls, few or many, plain or ugly."""

import random
from datetime import datetime, timedelta, timezone

from web.ui.mock.data import LONG_NAME, Json, now

ZONE = timezone(timedelta(hours=8))
NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = ("晓梅", "建国", "芳", "志强", "丽娜", "海涛", "静怡", "伟", "雅琴", "浩然", "秀英", "明")
QUEUE_NAMES = ("综合服务", "故障报修", "业务咨询", "投诉举报", "英语服务", "大客户专席", "网上国网", "催办查询")
SKILLS = ("general", "repair", "english", "complaint")
STATES = ("talking", "talking", "talking", "ready", "wrap_up", "not_ready", "ringing", "talking")
HALVES = 48


class Floor:
    """Everything on the wall as of now; `beat` lets something happen, as events do."""

    def __init__(self, agents: int = 60, queues: int = 5, *, seed: int = 1, ugly: bool = False) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same people in every run
        self.ugly = ugly
        self.queues = [self._queue(n) for n in range(queues)]
        self.agents = [self._agent(n) for n in range(agents)]
        self.alarms: list[Json] = []
        self.foretold = True
        self.offered = 1
        day = self._day(now().astimezone(ZONE))
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
            "timezone": "Asia/Shanghai",
            "threshold_s": 20.0,
            "goal_percent": 80.0,
            "variants": [],
            "whole": self._sums(),
            "queues": self.queues,
            "skills": [{"id": one, "name": one} for one in SKILLS],
            "agents": self.agents,
            "states": states | {"logged_out": 0, "reserved": 0},
            "day": self._day(at.astimezone(ZONE)),
            "foretold": self.foretold,
            "alarms": self.alarms,
        }

    def _sums(self) -> Json:
        counts = {"N": self.offered * 3, "P": self.offered, "O": self.offered, "A": self.answered, "B": self.abandoned}
        figures = {"SL-8": "91.62", "SL-4": "90.10", "CR-1": "95.94", "ASA-1": "8.4", "AB-1": "4.06", "AHT-1": "188.0"}
        if not self.offered:
            figures = dict.fromkeys(figures)  # type: ignore[assignment]
        half = {"begins": now().isoformat(), "ends": now().isoformat(), "counts": counts, "figures": figures}
        return {"counts": counts, "figures": figures, "halves": [half] if self.offered else []}

    def _queue(self, number: int) -> Json:
        name = QUEUE_NAMES[number % len(QUEUE_NAMES)]
        waiting = self._random.choice((0, 0, 1, 3, 7))
        shown = f"{name} {number // len(QUEUE_NAMES) + 1}" if number >= len(QUEUE_NAMES) else name
        return {
            "id": "general" if number == 0 else f"q{number}",
            "name": LONG_NAME if self.ugly and number % 3 == 1 else shown,
            "waiting": waiting,
            "longest_wait_s": waiting * 9.5,
            "agents_ready": self._random.randrange(5),
            "agents_busy": self._random.randrange(20),
            "agents_not_ready": 2,
            "expected_wait_s": self._random.choice((4.0, 12.5, 65.0, None)),
            "expected_wait_p90_s": 20.0,
            "counts": {},
            "figures": {"SL-8": self._random.choice(("97.10", "88.00", "71.43", None))},
            "halves": [],
        }

    def _agent(self, number: int) -> Json:
        state = self._random.choice(STATES)
        name = self._random.choice(NAMES) + self._random.choice(GIVEN)
        longest = 12 if state == "ringing" else 60 if state == "wrap_up" else 900
        since = now() - timedelta(seconds=self._random.randrange(3, longest))
        call = f"l{number}" if state in ("talking", "ringing", "wrap_up") else None
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
            "call_id": call,
            "skills": {SKILLS[number % len(SKILLS)]: 1 + number % 5, "general": 3},
        }

    def _day(self, at: datetime) -> list[Json]:
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
                    "answered": asked - asked // 12,
                    "abandoned": asked // 12,
                }
            )
        return day
