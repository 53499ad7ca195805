"""What a filter and an order are made of once they are read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One condition: a field, an operator, and what the field is held against.

    It is a leaf and knows nothing of its neighbours, so it can stand below AND, OR and NOT
    as well as in the plain list that MLflow's grammar has.
    """

    # "attribute", "tag", "metric", "param" or "dataset", as far as the thing searched has them.
    entity: str
    # The canonical name of an attribute ("created" arrives as "start_time"); the key of a
    # metric, param or tag as it was written, without its quotes.
    key: str
    # One of = != > >= < <= LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL; words in capitals.
    # An expression also has ~ !~ BETWEEN and NOT BETWEEN.
    operator: str
    # A metric is always held against a float; a time or version number against an int, or a
    # float where the text has a fraction; IN and NOT IN have a tuple; IS [NOT] NULL has None.
    # In an expression, BETWEEN has a pair, a list may be of numbers, and a param or tag that
    # is held against a number is compared as one.
    value: str | int | float | tuple[str, ...] | tuple[float, ...] | None
    # Which of a metric's values is meant; its latest, unless an expression names another.
    statistic: str = "last"


@dataclass(frozen=True)
class And:
    """All of at least two conditions."""

    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Or:
    """Any of at least two conditions."""

    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """What a condition does not hold for; nothing is unknown, so it is everything else."""

    operand: "Node"


Node = Comparison | And | Or | Not


@dataclass(frozen=True)
class Ordering:
    """One thing to sort by. Entity and key are as in ``Comparison``."""

    entity: str
    key: str
    ascending: bool
