"""The shop: catalogue, accounts, cart, checkout, pictures, messages and the daily report."""
