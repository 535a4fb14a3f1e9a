"""Rules that need no server: money, settings, secrets, passwords, the outbox."""

import re
import stat
import unittest
from datetime import datetime, timedelta, timezone

from shop import clock, db, mail, money, passwords, settings, uploads
from shop.errors import ShopError
from shop.web import contract, multipart
from tests.support import PNG, ShopTest


class MoneyTest(unittest.TestCase):
    def test_cents_of_a_price(self):
        self.assertEqual(money.to_cents("12.50"), 1250)

    def test_text_of_an_amount(self):
        self.assertEqual([money.to_text(cents) for cents in (0, 5, 1250, 123456789)], ["0.00", "0.05", "12.50", "1234567.89"])

    def test_tax_without_a_rest_is_exact(self):
        self.assertEqual([money.with_tax(cents) for cents in (0, 625, 1250, 1875)], [0, 675, 1350, 2025])

    def test_tax_is_rounded_to_the_nearest_cent(self):
        self.assertEqual([money.with_tax(cents) for cents in (1, 6, 7, 995)], [1, 6, 8, 1075])

    def test_total_of_a_large_order_is_exact(self):
        lines = [{"price_cents": 99999999, "quantity": 99}] * 100
        self.assertEqual(money.order_total(lines), 1069199989308)


class SettingsTest(ShopTest):
    def test_port_must_be_a_number(self):
        for text in ("http", "-1", "65536", "8000 ", "٣", ""):
            with self.subTest(text), self.assertRaisesRegex(settings.SettingsError, "PORT"):
                settings.load({"DATA_DIR": str(self.folder), "PORT": text})

    def test_short_secret_is_refused(self):
        with self.assertRaisesRegex(settings.SettingsError, "APP_SECRET needs at least 32"):
            settings.load({"DATA_DIR": str(self.folder), "APP_SECRET": "short"})

    def test_made_secret_is_kept_for_the_owner_alone(self):
        self.assertGreaterEqual(len(self.settings.app_secret), 43)
        self.assertEqual(stat.S_IMODE((self.folder / "app-secret").stat().st_mode), 0o600)
        again = settings.load({"DATA_DIR": str(self.folder)})
        self.assertEqual(again.app_secret, self.settings.app_secret)

    def test_two_shops_have_two_secrets(self):
        other = settings.load({"DATA_DIR": str(self.folder / "other")})
        self.assertNotEqual(other.app_secret, self.settings.app_secret)

    def test_mail_server_needs_an_account(self):
        with self.assertRaisesRegex(settings.SettingsError, "SMTP_USER and SMTP_PASSWORD"):
            settings.load({"DATA_DIR": str(self.folder), "SMTP_HOST": "mail.example"})


class PasswordTest(unittest.TestCase):
    def test_published_vector(self):
        # RFC 7914, section 11: PBKDF2-HMAC-SHA-256 ("passwd", "salt", 1).
        self.assertEqual(
            passwords.derive("passwd", b"salt", 1).hex(),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc",
        )

    def test_work_factor_is_at_least_what_owasp_asks(self):
        self.assertGreaterEqual(passwords.ITERATIONS, 600_000)

    def test_old_hash_with_other_iterations_is_still_checked(self):
        derived = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        stored = f"pbkdf2-sha256$1${b'salt'.hex()}${derived}"
        self.assertTrue(passwords.matches("passwd", stored))
        self.assertFalse(passwords.matches("passwD", stored))


class ClockTest(unittest.TestCase):
    def test_text_is_in_utc(self):
        moment = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
        self.assertEqual(clock.to_text(moment), "2026-02-28T23:30:00.000000+00:00")

    def test_now_has_its_zone(self):
        self.assertEqual(clock.now().utcoffset(), timedelta(0))


class StoreTest(ShopTest):
    def setUp(self):
        super().setUp()
        db.create(self.settings.database)

    def test_failed_transaction_leaves_nothing(self):
        with db.connect(self.settings.database) as conn:
            with self.assertRaises(ShopError):
                with db.writing(conn):
                    conn.execute("INSERT INTO users (username, password) VALUES ('marina', '')")
                    raise ShopError(409, "no")
            self.assertEqual(conn.execute("SELECT COUNT(*) FROM users").fetchone()[0], 0)

    def test_foreign_keys_hold(self):
        with db.connect(self.settings.database) as conn, self.assertRaises(db.sqlite3.IntegrityError):
            conn.execute("INSERT INTO cart_items (user_id, product_id, quantity) VALUES (7, 7, 1)")

    def test_commits_wait_for_the_disk(self):
        with db.connect(self.settings.database) as conn:
            self.assertEqual(conn.execute("PRAGMA synchronous").fetchone()[0], 2)
            self.assertEqual(conn.execute("PRAGMA journal_mode").fetchone()[0], "wal")

    def test_queued_receipt_is_claimed_once(self):
        mailer = mail.Mailer(self.settings)
        with db.connect(self.settings.database) as conn:
            with db.writing(conn):
                mail.queue_receipt(conn, "marina", {"id": 7, "total": "1.08", "lines": []})
            self.assertEqual(mailer.claim(conn)["recipient"], "marina@customers.storefront.example")
            self.assertIsNone(mailer.claim(conn))

    def test_mail_escapes_what_customers_wrote(self):
        line = {"name": "<script>", "quantity": 1, "price": "1.00"}
        text = mail.render_receipt("marina", {"id": 7, "total": "1.08", "lines": [line]})
        message = mail.to_message({"subject": "s", "recipient": "a@b.example", "text": text}, "c@d.example")
        self.assertIn("&lt;script&gt;", message.get_body(["html"]).get_content())


class ContractTest(unittest.TestCase):
    def test_json_that_python_alone_would_take_is_refused(self):
        for text in ("NaN", "[Infinity]", '{"a": 1, "a": 2}', "9" * 30, "[" * 5000, "'x'", "", "\ufeff1"):
            with self.subTest(text[:20]), self.assertRaises(ShopError) as caught:
                contract.parse_json(text.encode())
            self.assertEqual(caught.exception.status, 400)

    def test_json_must_be_utf_8(self):
        with self.assertRaises(ShopError):
            contract.parse_json(b'"\xff"')

    def test_pattern_does_not_admit_a_last_line_break(self):
        schema = {"type": "string", "pattern": "^[a-z]+$"}
        self.assertEqual(contract.check(schema, "ab", "x", {}), "ab")
        with self.assertRaises(contract.Violation):
            contract.check(schema, "ab\n", "x", {})

    def test_truth_is_not_a_number(self):
        with self.assertRaises(contract.Violation):
            contract.check({"type": "integer"}, True, "x", {})

    def test_whole_float_is_an_integer(self):
        self.assertIs(type(contract.check({"type": "integer"}, 3.0, "x", {})), int)

    def test_half_a_surrogate_pair_is_refused(self):
        with self.assertRaises(contract.Violation):
            contract.check({"type": "string"}, "\ud800", "x", {})


class PictureTest(unittest.TestCase):
    def test_type_comes_from_the_bytes(self):
        self.assertEqual(uploads.sniff(PNG), "image/png")
        self.assertEqual(uploads.sniff(b"GIF89a..."), "image/gif")
        self.assertEqual(uploads.sniff(b"\xff\xd8\xff\xe0"), "image/jpeg")
        self.assertEqual(uploads.sniff(b"RIFF\x10\0\0\0WEBPVP8 "), "image/webp")

    def test_page_is_not_a_picture(self):
        self.assertIsNone(uploads.sniff(b"<html><script>alert(1)</script>"))

    def test_quoted_boundary_is_read(self):
        media_type, parameters = multipart.parse_media_type('Multipart/Form-Data; BOUNDARY="a b"')
        self.assertEqual((media_type, parameters), ("multipart/form-data", {"boundary": "a b"}))

    def test_data_with_line_breaks_comes_out_whole(self):
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n\r\n--c\r\n\r\n\r\n--b--\r\n'
        self.assertEqual(multipart.read_file({"boundary": "b"}, part, "file"), b"\r\n--c\r\n\r\n")

    def test_form_without_its_end_is_refused(self):
        with self.assertRaises(ShopError):
            multipart.read_file({"boundary": "b"}, b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx', "file")


class NameTest(unittest.TestCase):
    def test_only_our_own_names_are_read(self):
        self.assertTrue(re.fullmatch(uploads.NAME, "0" * 32 + ".png"))
        self.assertFalse(re.fullmatch(uploads.NAME, "../app-secret"))
