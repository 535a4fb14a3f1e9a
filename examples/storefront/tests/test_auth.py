"""Accounts, passwords, sessions, signed links."""

from shop import auth
from shop.errors import ShopError

from .support import ShopTest


class PasswordTest(ShopTest):
    def test_right_password_is_accepted(self):
        self.assertTrue(auth.check_password("open sesame", auth.hash_password("open sesame")))

    def test_wrong_password_is_refused(self):
        self.assertFalse(auth.check_password("open barley", auth.hash_password("open sesame")))

    def test_password_is_not_stored(self):
        self.assertNotIn("correct horse", self.user["password"])

    def test_two_hashes_of_one_password_differ(self):
        first = auth.hash_password("open sesame")
        second = auth.hash_password("open sesame")
        self.assertNotEqual(first, second)


class AccountTest(ShopTest):
    def test_short_username_is_refused(self):
        with self.assertRaises(ShopError) as caught:
            auth.create_user(self.conn, "al", "correct horse")
        self.assertEqual(caught.exception.status, 422)

    def test_short_password_is_refused(self):
        with self.assertRaises(ShopError) as caught:
            auth.create_user(self.conn, "albert", "short")
        self.assertEqual(caught.exception.status, 422)

    def test_taken_username_is_refused(self):
        with self.assertRaises(ShopError) as caught:
            auth.create_user(self.conn, "marina", "correct horse")
        self.assertEqual(caught.exception.status, 409)

    def test_new_user_is_no_admin(self):
        self.assertEqual(self.user["is_admin"], 0)


class SessionTest(ShopTest):
    def test_login_starts_a_session(self):
        token, _ = auth.login(self.conn, "marina", "correct horse")
        self.assertEqual(auth.current_user(self.conn, token)["username"], "marina")

    def test_login_with_wrong_password(self):
        with self.assertRaises(ShopError) as caught:
            auth.login(self.conn, "marina", "wrong horse")
        self.assertEqual(caught.exception.status, 401)

    def test_login_of_unknown_user(self):
        with self.assertRaises(ShopError) as caught:
            auth.login(self.conn, "nobody", "correct horse")
        self.assertEqual(caught.exception.status, 401)

    def test_tokens_differ(self):
        first, _ = auth.create_session(self.user["id"])
        second, _ = auth.create_session(self.user["id"])
        self.assertNotEqual(first, second)

    def test_logout_ends_the_session(self):
        token, _ = auth.create_session(self.user["id"])
        auth.logout(token)
        self.assertIsNone(auth.current_user(self.conn, token))

    def test_unknown_token_is_nobody(self):
        self.assertIsNone(auth.current_user(self.conn, "made up"))


class ReceiptLinkTest(ShopTest):
    def test_signature_is_accepted(self):
        self.assertTrue(auth.verify_receipt(7, auth.sign_receipt(7)))

    def test_signature_of_another_order_is_refused(self):
        self.assertFalse(auth.verify_receipt(8, auth.sign_receipt(7)))
