"""Work orders: what a customer has asked for, until it is done."""
