"""Charts of metrics: what is asked for becomes a plot, and a plot a figure, a drawing or words.

``spec`` reads what is asked for, ``plots`` what is known of the runs, and ``reading`` makes of
both what there is to draw: ``courses`` and ``single_values`` read it, ``frame`` sets the axes.
``figures`` makes what Plotly draws, ``drawings`` the same as SVG for pages without JavaScript,
``captions`` the same in words. ``cards`` is what a page needs to show one. ``themes`` and
``palette`` are the look.
"""
