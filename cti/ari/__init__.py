"""Asterisk's REST interface (ARI): requests and events over one WebSocket, through aiohttp."""
