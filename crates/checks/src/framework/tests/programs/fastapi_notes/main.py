import fastapi
from pydantic import BaseModel


class Note(BaseModel):
    text: str
    done: bool = False


def create_app():
    app = fastapi.FastAPI()
    register(app)
    return app


def register(application):
    @application.get("/notes/{note_id}")
    def show(note_id: int, expand: bool):
        return note_id

    @application.post("/notes")
    def add(note: Note):
        return note


app = create_app()
