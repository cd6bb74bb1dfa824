"""How people sign in: django-allauth, in the portal's words and look, by invitation only."""
