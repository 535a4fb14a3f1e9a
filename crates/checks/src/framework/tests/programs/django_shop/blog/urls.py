from django.urls import path

from .views import Post

app_name = "blog"
urlpatterns = [path("<int:number>/", Post.as_view())]
