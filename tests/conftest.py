"""What all tests share: this folder on the path (`import captures`), and hypothesis' settings."""

from hypothesis import settings

# The same examples in every run: a test fails for a change of the code, never by chance.
settings.register_profile("bfxstream", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("bfxstream")
