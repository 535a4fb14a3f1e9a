from fastapi import APIRouter, File, Form, UploadFile

router = APIRouter()


@router.post("/login")
def login(username: str = Form(...), password: str = Form()):
    return username


@router.patch("/{user_id}/picture")
def picture(user_id: str, image: UploadFile, title: str = Form("")):
    return title


def forget(user_id: int):
    return user_id


router.add_api_route("/{user_id}", forget, methods=["DELETE"])
