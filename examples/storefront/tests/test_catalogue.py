"""Products and search."""

from shop import catalogue, search
from shop.errors import ShopError

from .support import ShopTest


class CatalogueTest(ShopTest):
    def test_price_has_two_digits(self):
        self.assertEqual(catalogue.format_price(3.5), "3.50")

    def test_new_product_is_in_the_catalogue(self):
        self.add_product("Brass compass")
        items, total = catalogue.list_products(self.conn, 20, 0)
        self.assertEqual(([item["name"] for item in items], total), (["Brass compass"], 1))

    def test_newest_product_comes_first(self):
        self.add_product("Old map")
        self.add_product("New map")
        items, _ = catalogue.list_products(self.conn, 20, 0)
        self.assertEqual(items[0]["name"], "New map")

    def test_pages(self):
        for number in range(5):
            self.add_product(f"Rope {number}")
        items, total = catalogue.list_products(self.conn, 2, 2)
        self.assertEqual(([item["name"] for item in items], total), (["Rope 2", "Rope 1"], 5))

    def test_unknown_product(self):
        with self.assertRaises(ShopError) as caught:
            catalogue.get_product(self.conn, 99)
        self.assertEqual(caught.exception.status, 404)

    def test_missing_price_is_refused(self):
        with self.assertRaises(ShopError):
            catalogue.parse_product({"name": "Rope", "stock": 1})

    def test_negative_price_is_refused(self):
        with self.assertRaises(ShopError):
            catalogue.parse_product({"name": "Rope", "price": "-1.00", "stock": 1})

    def test_negative_stock_is_refused(self):
        with self.assertRaises(ShopError):
            catalogue.parse_product({"name": "Rope", "price": "1.00", "stock": -1})

    def test_update_changes_the_product(self):
        product = self.add_product()
        data = {"name": "Steel compass", "price": "12.00", "stock": 9}
        catalogue.update_product(self.conn, self.user, product["id"], data)
        self.assertEqual(catalogue.get_product(self.conn, product["id"])["name"], "Steel compass")

    def test_update_of_anothers_product_is_refused(self):
        product = self.add_product()
        other = self.add_user("albert")
        with self.assertRaises(ShopError) as caught:
            catalogue.update_product(self.conn, other, product["id"], {})
        self.assertEqual(caught.exception.status, 403)

    def test_deleted_product_is_gone(self):
        product = self.add_product()
        catalogue.delete_product(self.conn, self.user, product["id"])
        with self.assertRaises(ShopError):
            catalogue.get_product(self.conn, product["id"])

    def test_product_answer_keeps_its_price(self):
        product = catalogue.to_json(self.add_product(price="12.50"))
        self.assertEqual(product["price"], product["price"])


class SearchTest(ShopTest):
    def setUp(self):
        super().setUp()
        self.add_product("Brass compass")
        self.add_product("Harbour map")

    def names(self, query):
        return [item["name"] for item in search.search(self.conn, query)["items"]]

    def test_finds_by_name(self):
        self.assertEqual(self.names("map"), ["Harbour map"])

    def test_ignores_case(self):
        self.assertEqual(self.names("BRASS"), ["Brass compass"])

    def test_finds_by_description(self):
        self.assertEqual(self.names("fine brass"), ["Brass compass"])

    def test_takes_alternatives(self):
        self.assertEqual(self.names("map|compass"), ["Harbour map", "Brass compass"])

    def test_finds_nothing(self):
        self.assertEqual(self.names("submarine"), [])
