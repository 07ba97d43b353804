"""How fast the installed command is, beside other clients of the same stream, in one run."""
