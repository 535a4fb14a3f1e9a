from flask import Blueprint, jsonify, request
from flask.views import MethodView

bp = Blueprint("orders", __name__, url_prefix="/ignored")
items = Blueprint("items", __name__)


class Orders(MethodView):
    def get(self):
        return jsonify([])

    def post(self):
        data = request.json
        quantity = int(data["quantity"])
        return jsonify(quantity=quantity), 201


view = Orders.as_view("orders")
bp.add_url_rule("/", view_func=view)


def show(order_id):
    return jsonify(order_id)


bp.add_url_rule("/<uuid:order_id>", "show", show, methods=["GET"])


@items.route("/<path:name>")
def item(order_id, name):
    return name


bp.register_blueprint(items, url_prefix="/<int:order_id>/items")
