"""Why a call waits and why an agent got it: as the journal keeps it, and as it is told."""

from datetime import datetime

from routing.decisions import Decision
from routing.events import AgentChosen


def chosen_by(decision: Decision, queue: str, at: datetime) -> AgentChosen:
    """Return a decision of the core for a call of `queue` as the journal keeps it."""
    return AgentChosen(
        at=at,
        call_id=decision.call_id,
        agent_id=decision.agent_id,
        queue=queue,
        rule=decision.rule,
        waited_s=round(decision.waited_s, 3),
        idle_s=round(decision.idle_s, 3),
        next_agents=tuple(one.id for one in decision.next_agents),
        next_calls=tuple(one.id for one in decision.next_calls),
        by_queue=decision.by_queue,
        step=decision.step,
        score=round(decision.score, 3),
        priority=round(decision.priority, 3),
        next_agent_scores=tuple(round(one.score, 3) for one in decision.next_agents),
        next_call_scores=tuple(round(one.score, 3) for one in decision.next_calls),
    )
