"""Our extensions of Sphinx, in rooms; README.md says which is for what, and what happens when."""
