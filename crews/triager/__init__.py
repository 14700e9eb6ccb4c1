"""Finds what helps with a request that is triaged; what becomes of the request, rules decide."""
