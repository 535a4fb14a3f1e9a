from flask import jsonify

PREFIX = "/admin"


def report(day):
    return jsonify(day)


def init(app):
    app.add_url_rule(PREFIX + "/report/<day>", view_func=report)

    @app.delete(f"{PREFIX}/cache")
    def clear():
        return "", 204
