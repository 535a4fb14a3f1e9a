"""Figures for the shop's owner."""

from . import money


def daily_report(conn, day):
    """Orders, revenue and best sellers of one UTC day, a `datetime.date`."""
    # Times are stored as `2026-03-01T...` in UTC, and "U" is what follows "T".
    between = (f"{day.isoformat()}T", f"{day.isoformat()}U")
    totals = conn.execute(
        """SELECT COUNT(*) AS orders, COALESCE(SUM(total_cents), 0) AS revenue FROM orders
           WHERE created_at >= ? AND created_at < ?""",
        between,
    ).fetchone()
    best = conn.execute(
        """SELECT order_lines.name, SUM(order_lines.quantity) AS sold
           FROM order_lines JOIN orders ON orders.id = order_lines.order_id
           WHERE orders.created_at >= ? AND orders.created_at < ?
           GROUP BY order_lines.name ORDER BY sold DESC, order_lines.name LIMIT 5""",
        between,
    ).fetchall()
    return {
        "day": day.isoformat(),
        "orders": totals["orders"],
        "revenue": money.to_text(totals["revenue"]),
        "best_sellers": [{"name": row["name"], "sold": row["sold"]} for row in best],
    }
