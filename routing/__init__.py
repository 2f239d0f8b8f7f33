"""Who gets which call: queues, the matching of callers and agents, and why it came out so."""
