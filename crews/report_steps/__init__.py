"""The steps of the workflow `report` that no crew does: what is asked, what goes where, what holds, and the
files in the end. The same inputs give the same outputs."""
