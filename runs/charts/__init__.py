"""Charts of metrics: what is asked for becomes a plot, and a plot a figure, a drawing or words.

``spec`` reads what is asked for. ``plots`` reads the database. ``figures`` makes what Plotly
draws, ``drawings`` the same as SVG for pages without JavaScript, ``captions`` the same in
words. ``cards`` is what a page needs to show one. ``themes`` and ``palette`` are the look.
"""
