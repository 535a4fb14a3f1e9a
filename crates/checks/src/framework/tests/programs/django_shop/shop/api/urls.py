from django.urls import include, path
from rest_framework.routers import DefaultRouter, SimpleRouter

from . import views

router = DefaultRouter()
router.register(r"items", views.ItemViewSet)
router.register("notes", views.NoteViewSet, basename="note")

plain = SimpleRouter(trailing_slash=False)
plain.register("tags", views.TagViewSet, basename="tag")

urlpatterns = [
    path("", include(router.urls)),
    path("plain/", include(plain.urls)),
    path("search/", views.search),
    path("orders/", views.Orders.as_view()),
    path("orders/<int:pk>/", views.OneOrder.as_view()),
    path("ping/", views.TagViewSet.as_view({"get": "ping"})),
]
