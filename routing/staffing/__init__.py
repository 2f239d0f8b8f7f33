"""How many people to plan: the load that past days foretell, and the agents that it needs."""
