"""Notes to customers: an outbox that is written with what they tell of, and sent afterwards."""
