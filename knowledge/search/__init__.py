"""Finds passages by meaning and by words. The vector engines' libraries are imported here and nowhere
else."""
