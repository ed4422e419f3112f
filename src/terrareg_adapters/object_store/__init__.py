"""Where archives are kept: implementations of the archive store."""
