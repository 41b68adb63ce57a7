"""Settings: ``base`` for everyone, thin overrides for local, test and production use."""
