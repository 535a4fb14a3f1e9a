import json

from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods
from django.views.generic import CreateView, ListView

from .forms import ContactForm
from .models import Item


def index(request):
    return HttpResponse("shop")


@require_GET
def archive(request, year, slug):
    return HttpResponse(f"{year} {slug} {int(request.GET.get('page', 1))}")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def contact(request):
    form = ContactForm(request.POST)
    return HttpResponse(request.META.get("HTTP_X_FROM"))


@login_required
def account(request):
    return HttpResponse(request.COOKIES["theme"])


class Cart(View):
    def get(self, request, cart_id):
        return HttpResponse(str(cart_id))

    @method_decorator(login_required)
    def post(self, request, cart_id):
        data = json.loads(request.body)
        if "sku" not in data:
            return JsonResponse({}, status=400)
        return JsonResponse({"sku": data["sku"], "count": int(data.get("count", 1))})


class Private(LoginRequiredMixin):
    pass


class Items(Private, ListView):
    model = Item

    def get_queryset(self):
        return Item.objects.filter(name=self.request.GET["name"])


class NewItem(CreateView):
    model = Item
    fields = ["name", "price"]
    success_url = "/"
