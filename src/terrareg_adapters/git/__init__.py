"""Git: finds a tag's commit, fetches it shallowly in a process that can be ended, and reads its tree."""
