"""Which address shows what of the firm's books."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
