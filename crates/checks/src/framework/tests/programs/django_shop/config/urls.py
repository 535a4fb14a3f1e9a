from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import TemplateView

from blog import urls as blog_urls
from shop import views

API = "api/"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.index),
    path("health", lambda request: None),
    path(API + "v1/", include("shop.api.urls")),
    path("shop/", include(("shop.urls", "shop"), namespace="shop")),
    path("about/", TemplateView.as_view(template_name="about.html")),
    re_path(r"^archive/(?P<year>[0-9]{4})/(?P<slug>[\w-]+)/$", views.archive),
] + static("/media/", document_root="media")

urlpatterns += [path("blog/<slug:blog>/", include(blog_urls))]
