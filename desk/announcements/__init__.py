"""What the operator has said to callers before the menu: festival greetings by notice, and emergency announcements."""
