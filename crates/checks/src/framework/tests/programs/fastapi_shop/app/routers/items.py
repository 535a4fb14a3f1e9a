from typing import Annotated, Optional

from fastapi import APIRouter, Cookie, Depends, Header, Query

from .. import models
from ..models import Item

router = APIRouter(prefix="/items")


def paging(limit: int = 10, offset: int = 0):
    return limit, offset


@router.get("")
def list_items(page: Annotated[tuple, Depends(paging)], q: Optional[str] = None, tag: list[str] = Query(default=[])):
    return []


@router.post("/", status_code=201)
async def create(item: Item, x_request_id: Annotated[str, Header()], session: str | None = Cookie(None)):
    return item


@router.put("/{item_id}")
async def replace(item_id: int, item: models.Item, note: models.Named):
    return item


@router.get("/{item_id}/files/{name:path}")
def file(item_id: int, name: str, size: int):
    return name
