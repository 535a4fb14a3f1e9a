from rest_framework import generics, permissions, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.response import Response

from ..models import Item
from .serializers import ItemSerializer, OrderSerializer


class IsOwner(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return obj.owner == request.user


class ItemViewSet(viewsets.ModelViewSet):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    lookup_field = "name"
    permission_classes = [permissions.IsAuthenticated, IsOwner]

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user)

    @action(detail=True, methods=["post", "delete"], url_path="set-price", permission_classes=[permissions.IsAdminUser])
    def price(self, request, name=None):
        return Response(request.data["price"])

    @action(detail=False)
    def recent(self, request):
        return Response([])

    @recent.mapping.delete
    def forget(self, request):
        return Response()


class NoteViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Item.objects.all()
    http_method_names = ["get", "head"]


class TagViewSet(viewsets.ViewSet):
    def list(self, request):
        return Response(request.query_params.get("q"))

    def destroy(self, request, pk=None):
        return Response(status=204)

    def ping(self, request):
        return Response("pong")


@api_view(["GET", "PUT"])
@permission_classes([permissions.AllowAny])
def search(request):
    return Response([])


class Orders(generics.ListCreateAPIView):
    queryset = Item.objects.all()
    serializer_class = OrderSerializer


class OneOrder(generics.RetrieveUpdateDestroyAPIView):
    queryset = Item.objects.all()
    serializer_class = OrderSerializer
