"""The digest by e-mail: on weekdays, to chosen people, and only when there is something new to attend to.

``schedule``  whose digest is due, and who chose what
``content``   what a digest says
``sending``   exactly one per person and day: claimed, then handed to the mail server, never twice
``links``     the addresses in it, the one that ends it among them
"""
