"""The installed command against real servers: stdout, stderr and exit code."""
