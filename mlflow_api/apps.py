from django.apps import AppConfig


class MlflowApiConfig(AppConfig):
    name = "mlflow_api"
    default_auto_field = "django.db.models.BigAutoField"
