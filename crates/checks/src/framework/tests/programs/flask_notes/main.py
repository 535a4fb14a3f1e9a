import flask

app = flask.Flask(__name__)
api = flask.Blueprint("api", __name__)
notes = {}


@api.route("/notes", methods=["GET"])
def list_notes():
    return flask.jsonify(list(notes.values()))


@api.route("/notes", methods=["POST"])
def add_note():
    payload = flask.request.get_json(force=True)
    text = payload["text"]
    tags = payload.get("tags", [])
    if not isinstance(tags, list):
        flask.abort(400)
    notes[len(notes)] = {"text": text, "tags": tags}
    return flask.jsonify(ok=True), 201


@api.route("/notes/<note_id>/<float:weight>")
def weigh(note_id, weight):
    return flask.jsonify(weight)


for blueprint in (api,):
    app.register_blueprint(blueprint, url_prefix="/api/")


@app.route("/about/")
def about():
    return "about"
