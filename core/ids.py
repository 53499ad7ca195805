"""Identifiers that the server makes: opaque ones for machines, friendly ones for people."""

import secrets
import uuid

_ADJECTIVES = """
able agile amber ample apt arctic azure bold brave bright brisk calm candid careful charming clean
clever cosmic crisp curious daring deft eager early elated fair famous fearless fine fluent fond
frank fresh gentle glad golden good grand happy hardy honest humble jolly keen kind learned light
likable lively loud lucky lunar marvelous mellow merry mighty mild modest neat nimble noble patient
placid polite proud quick quiet rapid rare ready rebel resilient righteous robust rosy rustic
salty sedate serious shiny silent skillful sleepy smart smooth snappy solar spiced stately steady
stylish sunny swift tasteful thoughtful tidy traveling trusting upbeat useful valuable victorious
vivid warm whimsical wise witty worldly zealous
""".split()

_ANIMALS = """
ant ape asp auk badger bass bat bear beaver bee bird bison boar bug bull calf carp cat cod colt
conch cow crab crane crow cub deer doe dog dolphin donkey dove duck eel elk ewe falcon fawn finch
fish flea fly fowl fox frog gnat goat goose grouse grub gull hare hawk hen heron hog horse hound
ibis jay kit koala lamb lark loon lynx mare mink mole moose moth mouse mule newt otter owl ox panda
perch pig pike pug quail ram rat ray robin roo rook seal shad shark sheep shoat shrew shrike skink
skunk sloth slug smelt snail snake snipe sow sponge squid squirrel stag steed stoat stork swan
tern toad trout turtle vole wasp whale wolf worm wren yak zebra
""".split()


def new_run_id() -> str:
    """32 lower-case hexadecimal digits, never given twice."""
    return uuid.uuid4().hex


def new_logged_model_id() -> str:
    """``m-`` and 32 lower-case hexadecimal digits, as MLflow 3 names logged models."""
    return f"m-{uuid.uuid4().hex}"


def new_name() -> str:
    """A name that a person can say, such as ``kind-owl-127``; it need not be unique."""
    adjective, animal = secrets.choice(_ADJECTIVES), secrets.choice(_ANIMALS)
    return f"{adjective}-{animal}-{secrets.randbelow(1000)}"
