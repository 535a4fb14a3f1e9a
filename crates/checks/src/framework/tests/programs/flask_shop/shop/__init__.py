from flask import Flask, jsonify, request

from .accounts import accounts
from .orders import bp as orders_bp
from . import admin


def create_app():
    app = Flask(__name__)
    app.register_blueprint(accounts)
    app.register_blueprint(orders_bp, url_prefix="/v1/orders")
    admin.init(app)

    @app.route("/")
    def index():
        return jsonify(ok=True)

    @app.get("/search")
    def search():
        page = request.args.get("page", 1, type=int)
        return jsonify(q=request.args["q"], page=page)

    @app.route("/health", methods=["GET", "POST"])
    def health():
        return "", 204

    return app
