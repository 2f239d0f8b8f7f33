"""What the caller hears before a person: flows as data, the engine that runs them, one verb a file."""
