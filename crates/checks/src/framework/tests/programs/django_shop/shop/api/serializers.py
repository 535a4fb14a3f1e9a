from rest_framework import serializers

from ..models import Item


class ItemSerializer(serializers.ModelSerializer):
    tags = serializers.ListField(required=False)

    class Meta:
        model = Item
        fields = ["id", "name", "price", "stock", "created", "tags"]


class OrderSerializer(serializers.Serializer):
    sku = serializers.CharField()
    count = serializers.IntegerField(default=1)
    total = serializers.DecimalField(max_digits=8, decimal_places=2, read_only=True)
