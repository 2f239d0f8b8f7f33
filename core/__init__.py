"""What every room stands on: ids, errors, clock, policy, bus, journal, tasks, database, configuration, log."""
