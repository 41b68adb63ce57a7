"""What can be added to Parallagon from outside: a role and a service. See `docs/extend.md`."""
