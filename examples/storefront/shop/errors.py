"""The one error type the shop answers with."""


class ShopError(Exception):
    """Something the caller can be told about: a status code and a sentence."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status
        self.message = message
