"""This installation as it is set up: settings and policy, to be read."""

from typing import Any

from agents.model import Permission
from web.route import Ask, Routes, may
from web.shapes import Shape

routes = Routes("site")
READERS = may(Permission.SEE_TEAM)
_SHOWN: dict[str, tuple[str, ...]] = {
    "site": ("name", "timezone", "policy", "language", "number"),
    "web": ("host", "port", "origins"),
    "asterisk": ("host", "sip_port", "http_port", "ami_port", "rtp_start", "rtp_end"),
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


class SettingsView(Shape):
    """The settings without secrets, and the policy in force."""

    settings: dict[str, dict[str, Any]]
    policy: str
    rules: dict[str, Rule]


@routes.add("GET", "/settings", roles=READERS)
async def read_settings(ask: Ask) -> SettingsView:
    """Read the settings and the policy in force."""
    data = ask.services.settings.model_dump(mode="json")
    policy = ask.services.policy
    return SettingsView(
        settings={section: {key: data[section][key] for key in keys} for section, keys in _SHOWN.items()},
        policy=policy.name,
        rules={name: Rule.model_validate(rule) for name, rule in policy.rules.items()},
    )
