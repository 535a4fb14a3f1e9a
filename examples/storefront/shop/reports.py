"""Figures for the shop's owner."""

from datetime import datetime

from . import catalogue
from .errors import ShopError


def require_admin(user):
    """Only administrators see the figures."""
    if not user["is_admin"]:
        raise ShopError(403, "Only an administrator may see this.")


def daily_report(conn, user, day=None):
    """Orders, revenue and best sellers of one day."""
    require_admin(user)
    if day is None:
        day = datetime.now().strftime("%Y-%m-%d")
    totals = conn.execute(
        "SELECT COUNT(*) AS orders, COALESCE(SUM(total), 0) AS revenue FROM orders WHERE substr(created_at, 1, 10) = ?",
        (day,),
    ).fetchone()
    best = conn.execute(
        """SELECT order_lines.name, SUM(order_lines.quantity) AS sold
           FROM order_lines JOIN orders ON orders.id = order_lines.order_id
           WHERE substr(orders.created_at, 1, 10) = ?
           GROUP BY order_lines.name ORDER BY sold DESC, order_lines.name LIMIT 5""",
        (day,),
    ).fetchall()
    return {
        "day": day,
        "orders": totals["orders"],
        "revenue": catalogue.format_price(totals["revenue"]),
        "best_sellers": [{"name": row["name"], "sold": row["sold"]} for row in best],
    }
