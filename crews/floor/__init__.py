"""The built-in extractive model: no key, no network, nothing said that no source says."""
