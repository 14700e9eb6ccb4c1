"""The ground floor: what happened and what is owed - runs, steps, deliveries, evidence, spans and the audit
chain.

Nothing here imports another package of ours; every other room stands on this one.
"""
