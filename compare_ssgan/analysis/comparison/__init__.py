"""Methods side by side: which runs belong together, and one number of each.

`groups` puts runs together, `selection` chooses a number from each, `comparing` puts
`rows` of a table together from them.
"""
