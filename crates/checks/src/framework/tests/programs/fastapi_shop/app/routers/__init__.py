from .items import router as items_router
from .users import router as users_router
