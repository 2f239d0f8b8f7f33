"""This installation as it is set up: settings and policy, to be read."""

from datetime import datetime
from typing import Any

from pydantic import Field, StrictBool

from agents.model import Permission
from core.switches import STORM
from web.route import DESKTOPS, Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("site")
READERS = may(Permission.SEE_TEAM)
SWITCHERS = may(Permission.STEER_TEAM) | may(Permission.CHANGE_BUSINESS)
_SHOWN: dict[str, tuple[str, ...]] = {
    "site": ("name", "timezone", "policy", "language", "number", "storm"),
    "web": ("host", "port", "https_port", "redirect", "origins"),
    "asterisk": ("host", "bind", "sip_port", "http_port", "tls_port", "ami_port", "rtp_start", "rtp_end"),
    "trunk": ("addresses", "registrar", "dids", "channel_limit", "outbound_caller_id", "caller_header"),
    "storage": ("recordings_min_free_mb",),
}
"""What may be shown: named one by one, so that a new secret is not shown because nobody thought of it."""


class Rule(Shape):
    """A number of the business with its unit and the source it comes from."""

    value: float
    unit: str
    means: str
    source: str


class SwitchView(Shape):
    """How a switch stands; `since`, `by` and `by_name` are null until somebody turns it, `by` also when a rule did."""

    on: bool
    since: datetime | None
    by: str | None
    by_name: str | None
    why: str


class SettingsView(Shape):
    """The settings without secrets, how switches stand, and the policy in force."""

    settings: dict[str, dict[str, Any]]
    switches: dict[str, SwitchView]
    policy: str
    rules: dict[str, Rule]


class SiteSwitches(Given):
    """What may be switched of the site while the service runs."""

    storm: StrictBool = Field(description="so many call that persons are kept for those who need one")


class SettingsGiven(Given):
    """Settings to change; everything else is changed in the file of settings."""

    site: SiteSwitches


@routes.add("PATCH", "/settings", roles=SWITCHERS)
async def change_settings(ask: Ask, body: SettingsGiven) -> SettingsView:
    """Turn a switch; it holds at once, and after a restart too."""
    await ask.services.switches.turn(STORM, ask.user.id, on=body.site.storm)
    return _view(ask)


@routes.add("GET", "/settings", roles=READERS)
async def read_settings(ask: Ask) -> SettingsView:
    """Read the settings and the policy in force."""
    return _view(ask)


def _view(ask: Ask) -> SettingsView:
    data = ask.services.settings.model_dump(mode="json")
    data["site"]["storm"] = ask.services.switches.on(STORM)
    policy = ask.services.policy
    return SettingsView(
        settings={section: {key: data[section][key] for key in keys} for section, keys in _SHOWN.items()},
        switches={"storm": _switch(ask, STORM)},
        policy=policy.name,
        rules={name: Rule.model_validate(rule) for name, rule in policy.rules.items()},
    )


def _switch(ask: Ask, name: str) -> SwitchView:
    switches, people = ask.services.switches, ask.request.app[DESKTOPS].people
    turned = switches.turned(name)
    by = turned.user_id or None if turned else None
    return SwitchView(
        on=switches.on(name),
        since=turned.at if turned else None,
        by=by,
        by_name=people.name(by),
        why=turned.why if turned else "",
    )
