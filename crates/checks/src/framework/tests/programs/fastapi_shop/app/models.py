from typing import Optional

from pydantic import BaseModel, Field


class Named(BaseModel):
    name: str


class Size(BaseModel):
    width: float
    height: float = 1.0


class Item(Named):
    price: float = Field(gt=0)
    tags: list[str] = []
    size: Optional[Size] = None
    stock: int
