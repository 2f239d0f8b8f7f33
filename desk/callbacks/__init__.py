"""Callbacks (预约回拨): callers who do not wait and are rung back, without losing their place."""
