"""The telephone: calls and their states, the port to the PBX, its adapters, recovery after a restart."""
