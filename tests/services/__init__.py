"""Real peers for tests: private instances on free ports, started from what the machine has or what Debian gives."""
