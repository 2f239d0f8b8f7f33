"""Callbacks that are rung: who stands in the queue without a call, and who hung up while waiting."""
