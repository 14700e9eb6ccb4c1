"""The parts of an installation that `crewdesk doctor` looks at."""
