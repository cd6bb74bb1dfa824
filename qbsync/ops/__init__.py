"""The pages of the admin site for whoever runs the workers.

``views``   the list of all firms' connections, the page of one, and its buttons
``buttons`` what each button will do, in words, and which service does it
``words``   what they say: states, moments, what a button will do, lines of the history
"""
