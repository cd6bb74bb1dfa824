"""Template tags of the books' pages."""
