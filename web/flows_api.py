"""Flows and their versions: read, check, try, draft, compare, publish; what the editor in the browser uses."""

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import ConfigDict, Field

from agents.model import Permission
from core.errors import BadInput
from ivr import flow as flows
from ivr.sources import Fault
from ivr.versions.model import NOTE_MOST, Files, State, Version
from ivr.versions.port import SimulatedCall
from ivr.versions.service import NoSuchFlow, NoSuchVersion, finding
from web import shapes
from web.route import Ask, Routes, may
from web.shapes import Given, Moment, Shape

routes = Routes("flows")
READERS = may(Permission.SEE_TEAM)
WRITERS = may(Permission.CHANGE_BUSINESS)
KEYS_MOST = 400
NUMBER_MOST = 2**31 - 1
"""What the database can hold."""
Number = Annotated[int, Field(ge=1, le=NUMBER_MOST)]


class FlowRow(Shape):
    """A menu: the version that calls begin with now, and the newest one."""

    id: str
    live_version: int
    newest_version: int


class FlowView(Shape):
    """A menu as it is live, with its nodes."""

    id: str
    version: int
    start: str
    trouble: str
    nodes: dict[str, dict[str, Any]]


class VersionRow(Shape):
    """A version: `state` draft, live or retired; `based_on` what it was made from, `shipped` came with a release."""

    number: int
    state: State
    note: str
    author: str
    created_at: datetime
    published_at: datetime | None
    hash: str
    based_on: int | None
    shipped: bool


class VersionView(VersionRow):
    """A version with its YAML files, text by name; the one called like the flow includes the others."""

    files: dict[str, str]


class FindingRow(Shape):
    """One fault, and where it is; `node` null: in no node.

    `message` says it in English, `rule` is stable and `holes` what its words name.
    """

    file: str
    line: int
    node: str | None
    message: str
    rule: str
    holes: dict[str, str]


class Findings(Shape):
    """Every fault; none: it can be published."""

    findings: list[FindingRow]


class DraftView(VersionView):
    """A new draft with its faults."""

    findings: list[FindingRow]


class FileDiff(Shape):
    """A file that differs, as a unified diff from the older to the newer."""

    file: str
    diff: str


class NodeChanges(Shape):
    """Names of nodes."""

    added: list[str]
    removed: list[str]
    changed: list[str]


class Comparison(Shape):
    """What has changed from the version named by `with` to this one."""

    files: list[FileDiff]
    nodes: NodeChanges


class Conversation(Shape):
    """A call in text, line by line: time, node, what is heard, what the caller does."""

    lines: list[str]


class FilesGiven(Given):
    """The YAML files of a flow, text by name."""

    model_config = ConfigDict(str_strip_whitespace=False)
    files: dict[str, str]


class DraftGiven(FilesGiven):
    """A new version: `based_on` is the version that was changed."""

    note: str = Field(default="", max_length=NOTE_MOST)
    based_on: Number | None = None


class PublishGiven(Given):
    """The version that is thought to be live; left out: the one that the published one was based on."""

    live_version: Number | None = None


class SimulationGiven(FilesGiven):
    """Who calls ("" withheld), what they do (a step each turn, between commas), and when (now)."""

    caller: str = Field(default="13800000001", max_length=40)
    keys: str = Field(default="", max_length=KEYS_MOST)
    at: Moment | None = None


class CompareQuery(Given):
    """With which version."""

    other: Number = Field(alias="with")


@routes.add("GET", "/flows", roles=READERS)
async def list_flows(ask: Ask) -> shapes.Items[FlowRow]:
    """List the menus."""
    rows = [FlowRow(id=i, live_version=live, newest_version=new) for i, live, new in await ask.services.flows.flows()]
    return shapes.Items(items=rows)


@routes.add("GET", "/flows/schema", roles=READERS)
async def read_schema(ask: Ask) -> web.Response:
    """Give the JSON Schema of a flow file."""
    return web.json_response(flows.schema())


@routes.add("GET", "/flows/{id}", roles=READERS)
async def read_flow(ask: Ask) -> FlowView:
    """Read a menu as it is live, with its nodes."""
    flow_id = ask.part("id")
    await ask.services.flows.versions(flow_id)
    flow = ask.services.flows.live
    if flow.flow != flow_id:
        raise NoSuchFlow(flow=flow_id)
    nodes = {name: flow.node(name).model_dump(mode="json") for name in flow.nodes}
    return FlowView(id=flow.flow, version=flow.version, start=flow.start, trouble=flow.trouble, nodes=nodes)


@routes.add("GET", "/flows/{id}/versions", roles=READERS)
async def list_versions(ask: Ask) -> shapes.Items[VersionRow]:
    """List the versions of a menu, newest first."""
    found = await ask.services.flows.versions(ask.part("id"))
    return shapes.Items(items=[VersionRow.model_validate(version) for version in found])


@routes.add("GET", "/flows/{id}/versions/{n}", roles=READERS)
async def read_version(ask: Ask) -> VersionView:
    """Read a version with its files."""
    return _view(*await ask.services.flows.get(ask.part("id"), _number(ask)))


@routes.add("POST", "/flows/{id}/check", roles=READERS)
async def check(ask: Ask, body: FilesGiven) -> Findings:
    """Tell every fault of files that are not kept yet."""
    return Findings(findings=_findings(await ask.services.flows.check(ask.part("id"), body.files)))


@routes.add("POST", "/flows/{id}/versions", roles=WRITERS, status=201)
async def create_version(ask: Ask, body: DraftGiven) -> DraftView:
    """Keep files as a new draft; one with faults is kept too, and they are told."""
    version, faults = await ask.services.flows.draft(
        ask.part("id"), body.files, note=body.note, by=ask.user.username, based_on=body.based_on
    )
    row = VersionRow.model_validate(version).model_dump()
    return DraftView(**row, files=body.files, findings=_findings(faults))


@routes.add("POST", "/flows/{id}/versions/{n}/publish", roles=WRITERS)
async def publish(ask: Ask, body: PublishGiven) -> VersionRow:
    """Let calls begin with this version from now on; an older one is rolled back to. Waits for its prompts."""
    done = await ask.services.flows.publish(
        ask.part("id"), _number(ask), by=ask.user.username, instead_of=body.live_version
    )
    return VersionRow.model_validate(done)


@routes.add("GET", "/flows/{id}/versions/{n}/compare", roles=READERS)
async def compare(ask: Ask, query: CompareQuery) -> Comparison:
    """Tell what has changed from the version `with` to this one."""
    found = await ask.services.flows.compare(ask.part("id"), _number(ask), query.other)
    nodes = NodeChanges(added=list(found.added), removed=list(found.removed), changed=list(found.changed))
    return Comparison(files=[FileDiff(file=file, diff=diff) for file, diff in found.files], nodes=nodes)


@routes.add("POST", "/flows/{id}/simulate", roles=READERS)
async def simulate(ask: Ask, body: SimulationGiven) -> Conversation:
    """Hold a call with files that are not kept yet, in text and virtual time, as a customer of the demo."""
    faults = await ask.services.flows.check(ask.part("id"), body.files)
    if faults:
        raise BadInput("the flow has faults: mend them before it is tried", findings=[finding(f) for f in faults])
    call = SimulatedCall(ask.part("id"), body.files, body.caller, body.keys, body.at)
    return Conversation(lines=await ask.services.simulator.simulate(call))


def _number(ask: Ask) -> int:
    text = ask.part("n")
    if not (text.isascii() and text.isdigit() and len(text) < len(str(NUMBER_MOST))):
        raise NoSuchVersion(version=text)
    return int(text)


def _view(version: Version, files: Files) -> VersionView:
    return VersionView(**VersionRow.model_validate(version).model_dump(), files=dict(files))


def _findings(faults: list[Fault]) -> list[FindingRow]:
    return [FindingRow.model_validate(finding(fault)) for fault in faults]
