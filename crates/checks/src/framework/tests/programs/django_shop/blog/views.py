from django.http import HttpResponse
from django.views import View


class Post(View):
    http_method_names = ["get", "patch"]

    def get(self, request, blog, number):
        return HttpResponse("")

    def patch(self, request, blog, number):
        return HttpResponse("")

    def delete(self, request, blog, number):
        return HttpResponse("")
