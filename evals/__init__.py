"""Scores of Crewdesk's answers on questions whose right answers are known."""
