"""Storm mode: when it begins and ends by itself, what it calls in, and who is told that there is no room."""
