"""Who may do what, asked at every address and of every verb."""
