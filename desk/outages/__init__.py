"""Where the power is off: outage notices for areas and accounts."""
