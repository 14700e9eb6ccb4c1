"""What follows from a governed result by calculation.

All of it works on a `NumberResult`, which was policed before: nothing here reads a table, so a statistic
never knows more than its asker may see.
"""
