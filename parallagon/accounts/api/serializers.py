"""What the API says of a person."""

from rest_framework import serializers

from parallagon.accounts.models import User


class MeSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="display_name", read_only=True)
    email = serializers.CharField(read_only=True, help_text="empty where nobody gave one")
    language = serializers.CharField(read_only=True, help_text="empty: the installation's")

    class Meta:
        model = User
        fields = ["id", "name", "email", "language"]
        read_only_fields = fields
