"""The pages of experiments, below the address of their workspace; lists of runs are ``runs``'."""

from django.urls import path

from experiments import views

app_name = "experiments"
urlpatterns = [
    path("experiments/new/", views.create, name="create"),
    path("experiments/<int:experiment_id>/move-to-trash/", views.move_to_trash, name="delete"),
    path("experiments/<int:experiment_id>/restore/", views.restore, name="restore"),
]
