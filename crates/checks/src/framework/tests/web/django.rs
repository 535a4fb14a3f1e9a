//! Django and Django REST framework.

use super::guards;

const SETTINGS: &str = r#"
ROOT_URLCONF = "shop.urls"
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", "shop.trace.Trace"]
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ("rest_framework.throttling.AnonRateThrottle",),
}
"#;

const URLS: &str = r#"
from django.contrib.auth.decorators import login_required
from django.urls import path
from . import views
urlpatterns = [
    path("", views.index),
    path("account/", views.account),
    path("bare/", login_required(views.Bare.as_view())),
    path("staff/", views.Staff.as_view()),
    path("api/open/", views.open_to_all),
    path("api/orders/", views.Orders.as_view({"get": "list", "post": "create"})),
]
"#;

const VIEWS: &str = r#"
from django.contrib.auth.mixins import UserPassesTestMixin
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework import viewsets
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny, BasePermission

def index(request):
    return 1

@login_required
@ratelimit(key="ip", rate="5/m")
def account(request):
    return 1

@method_decorator(csrf_exempt, name="dispatch")
class Bare(View):
    @method_decorator(sensitive)
    def post(self, request):
        return 1

class Staff(UserPassesTestMixin, View):
    def test_func(self):
        return self.request.user.is_staff

    def get(self, request):
        return 1

@api_view(["GET"])
@permission_classes([AllowAny])
def open_to_all(request):
    return 1

class IsOwner(BasePermission):
    def has_object_permission(self, request, view, obj):
        return True

class Orders(viewsets.ViewSet):
    throttle_classes = []

    def get_permissions(self):
        if self.action == "list":
            return [AllowAny()]
        return [IsOwner()]

    def list(self, request):
        return 1

    def create(self, request):
        return 1
"#;

#[test]
fn django_has_middleware_decorators_mixins_and_the_permissions_of_rest_framework() {
    let found = guards([
        ("shop/settings.py", SETTINGS),
        ("shop/__init__.py", ""),
        (
            "shop/trace.py",
            "class Trace:\n    def __call__(self, request):\n        return self.get(request)\n",
        ),
        ("shop/urls.py", URLS),
        ("shop/views.py", VIEWS),
    ]);
    let whole = [
        "Application MIDDLEWARE: \"django.middleware.csrf.CsrfViewMiddleware\"",
        "Application MIDDLEWARE: \"shop.trace.Trace\" = __call__",
    ];
    let throttle = "Application DEFAULT_THROTTLE_CLASSES: \"rest_framework.throttling.AnonRateThrottle\"";
    assert_eq!(found["* /"], whole);
    let account = ["Route login_required", "Route ratelimit(key=\"ip\", rate=\"5/m\")"];
    assert_eq!(found["* /account/"], [&whole[..], &account].concat());
    let bare = [
        "Route login_required",
        "Route method_decorator(csrf_exempt, name=\"dispatch\")",
        "Route method_decorator(sensitive)",
    ];
    assert_eq!(found["POST /bare/"], [&whole[..], &bare].concat());
    assert_eq!(found["GET /staff/"], [&whole[..], &["Route UserPassesTestMixin = test_func"]].concat());
    let open = ["Route permission_classes: AllowAny", throttle];
    assert_eq!(found["GET /api/open/"], [&whole[..], &open].concat());
    let orders =
        ["Route get_permissions: AllowAny()", "Route get_permissions: IsOwner() = has_object_permission"];
    assert_eq!(found["POST /api/orders/"], [&whole[..], &orders].concat());
}
