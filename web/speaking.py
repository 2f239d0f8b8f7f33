"""Who speaks to a caller at this moment, so that the words of a script are theirs."""

from desk.scripts.lines import Speaker
from web.services import WebServices


def speaker(services: WebServices, username: str) -> Speaker:
    """Return who speaks now, at the site's own time and under the festival that is greeted.

    A user name with digits is the agent's number (工号); another is none.
    """
    number = username if any(sign.isdecimal() for sign in username) else ""
    site = services.settings.site
    hour = services.clock.now().astimezone(site.zone).hour
    until = services.policy.number("morning_until")
    return Speaker(site.name, number, hour, until, services.announcements.festival())
