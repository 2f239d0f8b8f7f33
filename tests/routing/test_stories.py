"""Random stories of calls and agents: the core decides as a plain model does that looks at everybody every time.

In each decision: who is next by priority and place, who of the free by the strategy, why, and who came next; nobody at
the cap is passed by a younger call; never two agents for a call, nor more calls for an agent than the capacity. After
each: no free agent beside a call that fits. The agents' machine makes the moves that these events ask for: at the end
of each story every agent's intervals partition the shift, and each state has the time that a clock beside it counted.
"""

import pytest

from tests.routing.oracle import play

EVENTS = 25
PART = 25_000
"""Stories in each of four parts: 10,000 of the 100,000 are told in the suite, all with `--long`."""


def tell(part: int, stories: int) -> None:
    decisions = sum(play(part * PART + number, EVENTS) for number in range(stories))
    assert decisions > stories


@pytest.mark.unit
def test_p19_p05_p25_some_random_stories_are_decided_as_the_plain_model_does() -> None:
    tell(4, 500)


@pytest.mark.integration
@pytest.mark.parametrize("part", range(4))
def test_p19_p05_p25_random_stories_are_decided_as_the_plain_model_does(part: int) -> None:
    tell(part, 2_500)


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
def test_p19_p05_p25_a_hundred_thousand_random_stories_in_which_presence_partitions_the_shift(part: int) -> None:
    tell(part, PART)


@pytest.mark.integration
def test_p19_p05_long_random_stories_of_many_agents() -> None:
    assert sum(play(-1 - number, 400) for number in range(30)) > 1000
