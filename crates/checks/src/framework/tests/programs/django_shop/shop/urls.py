from django.urls import path
from django.views.decorators.cache import never_cache

from . import views

items = [
    path("", views.Items.as_view(), name="items"),
    path("new/", views.NewItem.as_view()),
]

urlpatterns = [
    path("contact/", never_cache(views.contact), name="contact"),
    path("account/", views.account),
    path("carts/<uuid:cart_id>/", views.Cart.as_view()),
    *items,
]
