from django.urls import path

from missions.walls import views

urlpatterns = [
    path("wall/<str:token>/", views.wall, name="wall"),
    path("wall/<str:token>/board", views.wall_board, name="wall-board"),
]
