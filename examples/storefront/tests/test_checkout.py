"""Cart, orders, receipts, report."""

from unittest.mock import Mock

from shop import auth, cart, catalogue, checkout, mail, reports
from shop.errors import ShopError

from .support import ShopTest


class CartTest(ShopTest):
    def test_new_cart_is_empty(self):
        self.assertEqual(cart.view(self.conn, self.user), {"items": [], "total": "0.00"})

    def test_added_product_is_in_the_cart(self):
        product = self.add_product()
        view = cart.add_item(self.conn, self.user, {"product_id": product["id"], "quantity": 2})
        self.assertEqual([(item["name"], item["quantity"]) for item in view["items"]], [("Brass compass", 2)])

    def test_adding_again_replaces_the_quantity(self):
        product = self.add_product()
        cart.add_item(self.conn, self.user, {"product_id": product["id"], "quantity": 2})
        view = cart.add_item(self.conn, self.user, {"product_id": product["id"], "quantity": 3})
        self.assertEqual(view["items"][0]["quantity"], 3)

    def test_cart_total_has_tax(self):
        product = self.add_product(price="10.00")
        view = cart.add_item(self.conn, self.user, {"product_id": product["id"], "quantity": 2})
        self.assertEqual(view["total"], "21.60")

    def test_removed_product_is_gone(self):
        product = self.add_product()
        cart.add_item(self.conn, self.user, {"product_id": product["id"], "quantity": 2})
        self.assertEqual(cart.remove_item(self.conn, self.user, product["id"])["items"], [])

    def test_quantity_must_be_positive(self):
        product = self.add_product()
        with self.assertRaises(ShopError):
            cart.add_item(self.conn, self.user, {"product_id": product["id"], "quantity": 0})


class CheckoutTest(ShopTest):
    def fill_cart(self, quantity=2, **product):
        row = self.add_product(**product)
        cart.add_item(self.conn, self.user, {"product_id": row["id"], "quantity": quantity})
        return row

    def test_order_has_the_lines_of_the_cart(self):
        self.fill_cart(quantity=2)
        order = checkout.check_out(self.conn, self.user, {"address": "1 Harbour Street"})
        self.assertEqual([(line["name"], line["quantity"]) for line in order["lines"]], [("Brass compass", 2)])

    def test_order_takes_the_stock(self):
        product = self.fill_cart(quantity=2, stock=5)
        checkout.check_out(self.conn, self.user, {"address": "1 Harbour Street"})
        self.assertEqual(catalogue.get_product(self.conn, product["id"])["stock"], 3)

    def test_cart_is_empty_afterwards(self):
        self.fill_cart()
        checkout.check_out(self.conn, self.user, {"address": "1 Harbour Street"})
        self.assertEqual(cart.view(self.conn, self.user)["items"], [])

    def test_out_of_stock_is_refused(self):
        self.fill_cart(quantity=6, stock=5)
        with self.assertRaises(ShopError) as caught:
            checkout.check_out(self.conn, self.user, {"address": "1 Harbour Street"})
        self.assertEqual(caught.exception.status, 409)

    def test_empty_cart_is_refused(self):
        with self.assertRaises(ShopError) as caught:
            checkout.check_out(self.conn, self.user, {"address": "1 Harbour Street"})
        self.assertEqual(caught.exception.status, 409)

    def test_buy_now_orders_one_product(self):
        product = self.add_product(stock=1)
        order = checkout.buy_now(self.conn, self.user, product["id"], {"quantity": 1})
        self.assertEqual(order["lines"][0]["product_id"], product["id"])

    def test_last_piece_is_sold_once(self):
        product = self.add_product(stock=1)
        checkout.buy_now(self.conn, self.user, product["id"], {"quantity": 1})
        with self.assertRaises(ShopError):
            checkout.buy_now(self.conn, self.user, product["id"], {"quantity": 1})

    def test_order_total(self):
        lines = [{"price": 19.99, "quantity": 3}, {"price": 0.1, "quantity": 7}]
        expected = checkout.order_total(lines)
        self.assertEqual(checkout.order_total(lines), expected)

    def test_own_orders_are_listed(self):
        product = self.add_product(stock=2)
        checkout.buy_now(self.conn, self.user, product["id"], {"quantity": 1})
        _, total = checkout.list_orders(self.conn, self.user, 20, 0)
        self.assertEqual(total, 1)

    def test_anothers_order_is_not_found(self):
        product = self.add_product()
        order = checkout.buy_now(self.conn, self.user, product["id"], {"quantity": 1})
        with self.assertRaises(ShopError) as caught:
            checkout.get_order(self.conn, self.add_user("albert"), order["id"])
        self.assertEqual(caught.exception.status, 404)


class ReceiptTest(ShopTest):
    def setUp(self):
        super().setUp()
        product = self.add_product()
        self.order = checkout.buy_now(self.conn, self.user, product["id"], {"quantity": 1})

    def test_receipt_page_names_the_product(self):
        page = checkout.receipt_page(self.conn, self.order["id"], auth.sign_receipt(self.order["id"]))
        self.assertIn("Brass compass", page)

    def test_forged_link_is_refused(self):
        with self.assertRaises(ShopError) as caught:
            checkout.receipt_page(self.conn, self.order["id"], "0" * 64)
        self.assertEqual(caught.exception.status, 403)

    def test_receipt_mail_is_rendered(self):
        mail.render_receipt("marina", self.order)

    def test_receipt_is_handed_to_the_mail_server(self):
        mailer = Mock()
        mailer.send_receipt.return_value = True
        self.assertEqual(mailer.send_receipt("marina", self.order), True)


class ReportTest(ShopTest):
    def test_report_is_for_admins(self):
        with self.assertRaises(ShopError) as caught:
            reports.daily_report(self.conn, self.user, "2026-03-01")
        self.assertEqual(caught.exception.status, 403)

    def test_quiet_day(self):
        admin = self.add_user("harbour-master", is_admin=True)
        report = reports.daily_report(self.conn, admin, "2001-01-01")
        self.assertEqual((report["orders"], report["revenue"]), (0, "0.00"))

    def test_report_for_today(self):
        admin = self.add_user("harbour-master", is_admin=True)
        checkout.buy_now(self.conn, self.user, self.add_product()["id"], {"quantity": 1})
        reports.daily_report(self.conn, admin)
