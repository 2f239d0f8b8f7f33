"""Who calls: customers, their telephone numbers, accounts, and what they complained about."""
