"""The documentation, and the program that keeps its generated parts equal to the code."""
