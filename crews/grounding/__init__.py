"""Whether what is said rests on what was found: the checks every claim passes before it leaves."""
