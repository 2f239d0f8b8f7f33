"""The parts of the API that have a name and are not built yet: each answers 501 and says so."""

from web.errors import NotBuilt
from web.route import EVERYONE, Ask, Routes

routes = Routes("not built")

_ORDER_VERBS = "dispatch accept arrive feedback return merge visit close reopen"
_READ = (
    "/knowledge /knowledge/{id} /reviews /scorecards /appraisals /return-visits /campaigns /recordings/{id}/transcript"
)
_CREATED = "/reviews /scorecards /return-visits /campaigns"


async def _not_built(ask: Ask) -> None:
    """Named, not built yet."""
    raise NotBuilt


def _name(method: str, path: str, roles: frozenset[str]) -> None:
    routes.add(method, path, roles=roles, built=False)(_not_built)


for _path in _READ.split():
    _name("GET", _path, EVERYONE)
for _path in _CREATED.split():
    _name("POST", _path, EVERYONE)
for _verb in _ORDER_VERBS.split():
    _name("POST", f"/work-orders/{{id}}/{_verb}", EVERYONE)
