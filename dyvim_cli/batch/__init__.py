"""Score many films: select them, skip what is done, and share out the rest.

select -> plan -> journal says what is done -> an engine (local processes, Ray) does the rest ->
each result is written to the journal, then given its final name. Start reading in run.py.
"""
