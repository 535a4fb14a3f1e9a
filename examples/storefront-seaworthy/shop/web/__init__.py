"""The HTTP side of the shop: bytes, the contract, the routes, the server."""
