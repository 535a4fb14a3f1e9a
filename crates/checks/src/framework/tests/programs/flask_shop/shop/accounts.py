from flask import Blueprint, jsonify, request

accounts = Blueprint("accounts", __name__, url_prefix="/accounts")


def body():
    return request.get_json(silent=True) or {}


@accounts.post("/login")
def login():
    data = body()
    if not data.get("username") or "password" not in data:
        return jsonify(error="missing"), 400
    return jsonify(token=data["password"])


@accounts.route("/<int:account_id>", methods=["GET", "DELETE"])
def account(account_id):
    return jsonify(id=account_id, agent=request.headers.get("User-Agent"), seen=request.cookies.get("seen"))


@accounts.route("/<int:account_id>/avatar", methods=("PUT",))
def avatar(account_id):
    picture = request.files["picture"]
    return jsonify(name=picture.filename, title=request.form.get("title"))
