"""The governed tools: what a crew may do, behind one gate."""
