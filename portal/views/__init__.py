"""The pages of the portal itself: signing in, the own profile, the team, the way home."""
