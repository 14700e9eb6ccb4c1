"""The models a crew may speak through, behind one gateway."""
