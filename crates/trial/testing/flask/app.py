"""Notes on Flask, as a careful hand writes them: every input is checked, the rest is the framework's. FAULTS=loose leaves the checks out."""

import os
import threading

from flask import Flask, jsonify, request
from werkzeug.exceptions import HTTPException

LOOSE = os.environ.get("FAULTS") == "loose"
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000
lock = threading.Lock()
notes = {}


@app.errorhandler(HTTPException)
def refused(error):
    return jsonify(error=error.name), error.code


@app.errorhandler(RecursionError)
def too_deep(error):
    return jsonify(error="nested too deep"), 400


def body():
    value = request.get_json(silent=True)
    if not isinstance(value, dict):
        raise BadInput("a JSON object is wanted")
    return value


class BadInput(Exception):
    pass


@app.errorhandler(BadInput)
def bad_input(error):
    return jsonify(error=str(error)), 400


def text(value, name, most):
    found = value.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= most:
        raise BadInput(f"{name} must be a text of 1 to {most} characters")
    return found


@app.post("/notes")
def create():
    if LOOSE:
        given = request.json
        title, likes = given["title"].strip(), int(given.get("likes", 0))
    else:
        given = body()
        title, likes = text(given, "title", 100), given.get("likes", 0)
        if isinstance(likes, bool) or not isinstance(likes, int) or not 0 <= likes <= 1000:
            raise BadInput("likes must be a whole number up to 1000")
    with lock:
        number = len(notes) + 1
        notes[number] = {"id": number, "title": title, "likes": likes}
        return jsonify(notes[number]), 201


@app.get("/notes")
def index():
    limit = request.args.get("limit", 20, type=int) if not LOOSE else int(request.args.get("limit", "20"))
    return jsonify(list(notes.values())[: max(0, min(limit, 100))])


@app.get("/notes/<int:number>")
def read(number):
    note = notes.get(number)
    return (jsonify(note), 200) if note else (jsonify(error="not found"), 404)


@app.post("/notes/<int:number>/like")
def like(number):
    if number not in notes:
        return jsonify(error="not found"), 404
    if LOOSE:
        seen = notes[number]["likes"]
        threading.Event().wait(0.002)
        notes[number]["likes"] = seen + 1
    else:
        with lock:
            notes[number]["likes"] += 1
    return jsonify(notes[number])


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "5000")), threaded=True)
