//! Django and Django REST framework.

use seaworthy_core::surface::{InputKind::*, InputPlace::*};

use super::{agrees, files, inputs, lines, program, real, route};

const SHOP: &str = include_str!("programs/django_shop.txt");

#[test]
fn a_shop_of_views_and_view_sets_has_the_routes_that_django_has() {
    let kept: Vec<&str> = SHOP.lines().collect();
    let real = real("rest_framework", "real_django.py", "django_shop", &["config.settings"]);
    agrees(&program("django_shop"), &kept, real);
}

#[test]
fn what_django_views_read_is_told_with_the_fields_of_forms_serializers_and_models() {
    let shop = program("django_shop");
    let archive = inputs(route(&shop, "GET", "/archive/{year}/{slug}/"));
    assert_eq!(
        archive,
        [(Path, "year", Integer, true), (Path, "slug", Text, true), (Query, "page", Integer, false)]
    );
    let cart = inputs(route(&shop, "POST", "/shop/carts/{cart_id}/"));
    assert_eq!(cart[1..], [(Json, "count", Integer, false), (Json, "sku", Unknown, true)]);
    let contact = inputs(route(&shop, "POST", "/shop/contact/"));
    assert_eq!(
        contact,
        [
            (Header, "x-from", Unknown, false),
            (Form, "email", Text, true),
            (Form, "message", Text, true),
            (Form, "age", Integer, false)
        ]
    );
    assert_eq!(inputs(route(&shop, "GET", "/shop/")), [(Query, "name", Unknown, true)]);
    let new = inputs(route(&shop, "POST", "/shop/new/"));
    assert_eq!(new, [(Form, "name", Text, true), (Form, "price", Number, true)]);
    let item = inputs(route(&shop, "POST", "/api/v1/items/"));
    assert_eq!(
        item,
        [
            (Json, "tags", List, false),
            (Json, "name", Text, true),
            (Json, "price", Number, true),
            (Json, "stock", Integer, false)
        ]
    );
    let changed = inputs(route(&shop, "PATCH", "/api/v1/orders/{pk}/"));
    assert_eq!(changed[1..], [(Json, "sku", Text, false), (Json, "count", Integer, false)]);
    let price = inputs(route(&shop, "POST", "/api/v1/items/{name}/set-price/"));
    assert_eq!(price[1..], [(Json, "price", Unknown, true)]);
    let handler = route(&shop, "POST", "/api/v1/items/").handler.clone().expect("a handler");
    assert_eq!(handler.symbol, "ItemViewSet.perform_create");
}

#[test]
fn what_django_is_told_at_run_time_makes_the_surface_incomplete_and_is_named() {
    let urls = "from django.urls import include, path\nfrom . import views\nurlpatterns = [\n    path('known/', views.known),\n    path(views.NAME + str(1), views.known),\n    include(load()),\n    path('accounts/', include('allauth.urls')),\n    path('gone/', views.gone),\n]\nurlpatterns += [path(n, views.known) for n in names()]\n";
    let dynamic = files([
        ("shop/settings.py", "ROOT_URLCONF = 'shop.urls'\n"),
        ("shop/__init__.py", ""),
        ("shop/urls.py", urls),
        ("shop/views.py", "def known(request):\n    return 1\n"),
        ("other/urls.py", "from django.urls import path\nurlpatterns = []\n"),
    ]);
    assert_eq!(lines(&dynamic).into_iter().collect::<Vec<_>>(), ["* /known/"]);
    let named: Vec<&str> = dynamic.not_read.iter().map(|not_read| not_read.what.as_str()).collect();
    let wanted = [
        "other/urls.py:2",
        "shop/urls.py:5",
        "shop/urls.py:6",
        "shop/urls.py:7",
        "shop/urls.py:8",
        "shop/urls.py:10",
    ];
    assert_eq!(named, wanted);
    // An application for others does not say what it stands below.
    let library = files([
        (
            "polls/urls.py",
            "from django.urls import path\nfrom .views import vote\nurlpatterns = [path('vote/', vote)]\n",
        ),
        ("polls/views.py", "def vote(request):\n    return 1\n"),
    ]);
    assert!(!library.complete);
    assert_eq!(lines(&library).into_iter().collect::<Vec<_>>(), ["* /vote/"]);
}
