"""Notes on FastAPI: pydantic checks the input, and the document is the framework's own. FAULTS=loose leaves the checks out."""

import asyncio
import os

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

LOOSE = os.environ.get("FAULTS") == "loose"
app = FastAPI()
notes = {}


class NewNote(BaseModel):
    title: str = Field(min_length=1, max_length=100)
    likes: int = Field(default=0, ge=0, le=1000)


@app.exception_handler(RequestValidationError)
async def refused(request, error):
    # The framework's own answer repeats the input, which may be NaN, and fails at it.
    return JSONResponse({"error": [list(map(str, one["loc"])) for one in error.errors()]}, status_code=422)


if LOOSE:

    class AnyNote(BaseModel):
        title: object
        likes: object = 0

    @app.post("/notes", status_code=201)
    async def create_loose(note: AnyNote):
        number = len(notes) + 1
        notes[number] = {"id": number, "title": note.title.strip(), "likes": int(note.likes)}
        return notes[number]

else:

    @app.post("/notes", status_code=201)
    async def create(note: NewNote):
        number = len(notes) + 1
        notes[number] = {"id": number, **note.model_dump()}
        return notes[number]


@app.get("/notes")
async def index(limit: int = 20):
    return list(notes.values())[: max(0, min(limit, 100))]


@app.get("/notes/{number}")
async def read(number: int):
    if number not in notes:
        raise HTTPException(404)
    return notes[number]


@app.post("/notes/{number}/like")
async def like(number: int):
    if number not in notes:
        raise HTTPException(404)
    seen = notes[number]["likes"]
    if LOOSE:
        await asyncio.sleep(0.002)
    notes[number]["likes"] = seen + 1
    return notes[number]


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), log_level="warning")
