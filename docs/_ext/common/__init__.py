"""The room of what several rooms use: paths, files, languages, the order of events."""
