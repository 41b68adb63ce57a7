"""The ways out of Parallagon: the only modules that know mail servers and the web."""
