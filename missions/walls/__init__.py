"""Leaderboards on a wall: the links that lead to them, what they show, and their pages."""
