"""Money is a whole number of cents. Only this module knows how it is written and how it is rounded."""

from decimal import ROUND_HALF_EVEN, Decimal

TAX = Decimal("0.08")


def to_cents(text):
    """Cents of a checked decimal text with two digits after the point, e.g. `"12.50"`."""
    euros, cents = text.split(".")
    return int(euros) * 100 + int(cents)


def to_text(cents):
    """The decimal text of an amount in cents."""
    return f"{cents // 100}.{cents % 100:02d}"


def with_tax(cents):
    """The amount with tax, a tie going to the even cent."""
    exact = Decimal(cents) * (1 + TAX)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def order_total(lines):
    """What lines with `price_cents` and `quantity` cost together, with tax, in cents."""
    return with_tax(sum(line["price_cents"] * line["quantity"] for line in lines))
