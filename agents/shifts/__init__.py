"""Who is on duty when: shifts, the roster, the hand-over, the backup shift, and how the roster was kept."""
