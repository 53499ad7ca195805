"""The one reader of MLflow's filter and order grammar.

It knows text and nothing else: no database, no Django. A filter comes out as a list of
comparisons that must all hold, an order as a list of orderings; what they mean in a table
is for ``runs``, ``experiments`` and ``registry`` to say.

``tokens`` cuts the text up, ``clauses`` finds the comparisons in it, ``fields`` and
``values`` read their two sides, and one module for each searchable thing (``runs``,
``experiments``, ``registered_models``, ``model_versions``, ``logged_models``) holds its
vocabulary and its rules.
"""
