from fastapi import APIRouter, FastAPI

from .routers import items_router, users_router

app = FastAPI(title="shop")
api = APIRouter(prefix="/api")
api.include_router(items_router)
app.include_router(api, prefix="/v2")
app.include_router(users_router, prefix="/users", tags=["users"])


@app.get("/")
async def root():
    return {"ok": True}


@app.api_route("/either", methods=["GET", "POST"])
def either(verbose: bool = False):
    return verbose
