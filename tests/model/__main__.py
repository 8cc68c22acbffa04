"""`python -m tests.model --examples 5000`: the protocol's state machine for as long as one likes."""

from __future__ import annotations

import argparse
import sys

from tests.model.machine import Stories
from tests.model.own_stories import OwnStories
from tests.model.stories import STEPS, tell_stories


def main() -> None:
    """Tell the stories; a bad end is raised with the steps that lead there."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--examples", type=int, default=5000, help="how many stories (5000)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of a story at most ({STEPS})")
    parser.add_argument("--own", action="store_true", help="with drafts, and what people choose for themselves")
    options = parser.parse_args()
    tell_stories(options.examples, steps=options.steps, kind=OwnStories if options.own else Stories)
    sys.stdout.write(f"{options.examples} stories ended well\n")


if __name__ == "__main__":
    main()
