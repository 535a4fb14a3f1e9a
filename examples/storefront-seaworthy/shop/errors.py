"""The one error type that crosses a module boundary; `shop.web` turns it into an answer."""


class ShopError(Exception):
    """A refusal that the caller may read: an HTTP status, a sentence, and headers that belong to it."""

    def __init__(self, status, detail, headers=()):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = tuple(headers)
