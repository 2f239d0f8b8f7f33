"""The prompts that tell a waiting caller the place in the queue and the wait to be expected: few, whole sentences.

They are rendered or recorded before any call, so that telling never waits for a voice.
"""

from routing.announcing import Announcement
from routing.forecast import Words

EXACT = 10
"""Up to so many callers ahead are told exactly."""
ROUND = (10, 20, 50, 100)
"""More are told as more than one of these."""
MINUTES = 10
"""Up to so many minutes there is a sentence for each."""
LONG = (5, 10)
"""A longer wait is told as more than one of these minutes."""
PROMPTS = (
    *(f"queue_ahead_{ahead}" for ahead in range(EXACT + 1)),
    *(f"queue_ahead_over_{ahead}" for ahead in ROUND),
    "queue_wait_under_1",
    *(f"queue_wait_about_{minutes}" for minutes in range(1, MINUTES + 1)),
    *(f"queue_wait_over_{minutes}" for minutes in LONG),
)


def prompts(announcement: Announcement) -> tuple[str, ...]:
    """Return the prompts by which an announcement is told; a wait for which there is no sentence is left out."""
    ahead, wait = announcement.position - 1, announcement.wait
    place = f"queue_ahead_{ahead}" if ahead <= EXACT else f"queue_ahead_over_{_below(ROUND, ahead - 1)}"
    if wait is None:
        return (place,)
    words, minutes = wait.words, wait.minutes
    if words is Words.OVER or minutes > MINUTES:
        words, minutes = Words.OVER, _below(LONG, minutes)
    prompt = f"queue_wait_{words}_{minutes}"
    return (place, prompt) if prompt in PROMPTS else (place,)


def _below(steps: tuple[int, ...], number: int) -> int:
    """Return the greatest of the steps that is not above a number, 0 when all are."""
    return max((step for step in steps if step <= number), default=0)
