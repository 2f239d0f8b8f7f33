"""This installation as it is set up: settings, policy and flows, to be read."""

from typing import Any

from agents.model import Permission
from core.errors import NotFound
from ivr.flow import Flow
from web import shapes
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


class NoSuchFlow(NotFound):
    """There is no such flow."""

    code = "no_such_flow"


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


class FlowRow(Shape):
    """A menu."""

    id: str
    version: int
    start: str
    nodes: int


class FlowView(Shape):
    """A menu with its nodes."""

    id: str
    version: int
    start: str
    trouble: str
    nodes: dict[str, dict[str, Any]]


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


@routes.add("GET", "/flows", roles=READERS)
async def list_flows(ask: Ask) -> shapes.Items[FlowRow]:
    """List the menus in force."""
    rows = [FlowRow(id=f.flow, version=f.version, start=f.start, nodes=len(f.nodes)) for f in ask.services.flows]
    return shapes.Items(items=rows)


@routes.add("GET", "/flows/{id}", roles=READERS)
async def read_flow(ask: Ask) -> FlowView:
    """Read a menu."""
    flow = _flow(ask.services.flows, ask.part("id"))
    nodes = {name: flow.node(name).model_dump(mode="json") for name in flow.nodes}
    return FlowView(id=flow.flow, version=flow.version, start=flow.start, trouble=flow.trouble, nodes=nodes)


def _flow(flows: tuple[Flow, ...], flow_id: str) -> Flow:
    for flow in flows:
        if flow.flow == flow_id:
            return flow
    raise NoSuchFlow(flow=flow_id)
