"""What the crews may know: documents in, the right passage out, and never one the asker may not see.

`bootstrap` opens the library; `ingest` fills it; `search/` is the only place that knows the vector engine.
"""
