"""People who answer: accounts, roles, seats, and the presence of each agent."""
