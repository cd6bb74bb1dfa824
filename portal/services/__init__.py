"""What people do with their firm's team: the verbs, each with its rules."""
