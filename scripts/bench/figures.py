"""How a figure is told."""


def tell(name, value, unit, at_least=None, at_most=None):
    """Prints one line. A figure with one of the limits is met or missed; without any it is there to understand others."""
    if at_least is not None:
        goal, met = f">= {_text(at_least)}", value >= at_least
    elif at_most is not None:
        goal, met = f"<= {_text(at_most)}", value <= at_most
    else:
        goal, met = "", None
    verdict = {True: "met", False: "missed", None: ""}[met]
    print(f"{name:<66} {_text(value):>11} {unit:<12} {goal:>10}  {verdict}".rstrip(), flush=True)


def note(text):
    """Prints what a reader must know to understand the figures below."""
    print(f"\n# {text}", flush=True)


def _text(number):
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:,.2f}"
