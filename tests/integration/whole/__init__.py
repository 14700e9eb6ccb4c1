"""The whole of Crewdesk as real processes, asked over the network."""
