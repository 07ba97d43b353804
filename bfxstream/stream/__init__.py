"""Everything that touches the network and the clock."""
