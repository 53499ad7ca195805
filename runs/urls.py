"""The pages of runs, below the address of their workspace."""

from django.urls import path

from runs.views import (
    artifacts,
    charts_tab,
    columns,
    compare,
    comparing,
    comparison_pane,
    export,
    filtering,
    run_detail,
    run_groups,
    run_list,
    run_rows,
    saved_views,
    selection,
    trash,
)

app_name = "runs"
urlpatterns = [
    path("experiments/<int:experiment_id>/", run_list.run_list, name="list"),
    # The same with the experiment's name in the address, for people who read addresses.
    path("experiments/<int:experiment_id>-<slug:slug>/", run_list.run_list),
    path("runs/", run_list.all_runs, name="all"),
    path(
        "experiments/<int:experiment_id>/export.<str:ending>",
        export.run_export,
        name="list_export",
    ),
    path("runs/export.<str:ending>", export.run_export, name="all_export"),
    path("experiments/<int:experiment_id>/columns/", columns.columns, name="list_columns"),
    path("runs/columns/", columns.columns, name="all_columns"),
    path(
        "experiments/<int:experiment_id>/columns/default/",
        columns.default_columns,
        name="list_columns_default",
    ),
    path(
        "experiments/<int:experiment_id>/columns/metric/",
        columns.metric,
        name="list_columns_metric",
    ),
    path(
        "experiments/<int:experiment_id>/selection/",
        selection.change_selection,
        name="list_selection",
    ),
    path(
        "experiments/<int:experiment_id>/selection/tag/", selection.tag_selection, name="list_tag"
    ),
    path("runs/selection/", selection.change_selection, name="all_selection"),
    path("runs/selection/tag/", selection.tag_selection, name="all_tag"),
    path("trash/", trash.trash, name="all_trash"),
    path("trash/restore/", trash.restore, name="all_restore"),
    path("trash/delete-forever/", trash.delete_forever, name="all_purge"),
    path("experiments/<int:experiment_id>/trash/", trash.trash, name="list_trash"),
    path("experiments/<int:experiment_id>/trash/restore/", trash.restore, name="list_restore"),
    path(
        "experiments/<int:experiment_id>/trash/delete-forever/",
        trash.delete_forever,
        name="list_purge",
    ),
    path("undo/<str:token>/", selection.undo_last, name="undo"),
    *comparing.urlpatterns,
    *comparison_pane.urlpatterns,
    *charts_tab.urlpatterns,
    *filtering.urlpatterns,
    path("compare/figure.json", compare.figure, name="figure"),
    path("compare/figure.svg", compare.chart_drawing, name="drawing"),
    path("compare/points.csv", compare.chart_points, name="points"),
    *run_groups.urlpatterns,
    *saved_views.urlpatterns,
    path("runs/<str:run_id>/", run_detail.run_detail, name="detail"),
    path("runs/<str:run_id>/run.json", run_detail.run_export, name="export"),
    path("runs/<str:run_id>/rename/", run_detail.run_rename, name="rename"),
    path("runs/<str:run_id>/note/", run_detail.run_note, name="note"),
    path("runs/<str:run_id>/tags/", run_detail.run_tags, name="tags"),
    path("runs/<str:run_id>/tags/change/", run_detail.run_tag_change, name="tag_change"),
    path("runs/<str:run_id>/tags/remove/", run_detail.run_tag_remove, name="tag_remove"),
    path("runs/<str:run_id>/mark-failed/", run_detail.run_mark_failed, name="mark_failed"),
    path("runs/<str:run_id>/trash/", run_detail.run_trash, name="trash"),
    path("runs/<str:run_id>/restore/", run_detail.run_restore, name="restore"),
    path("runs/<str:run_id>/color/", run_rows.color, name="color"),
    path("runs/<str:run_id>/children/", run_rows.children, name="children"),
    path("runs/<str:run_id>/artifacts/", artifacts.run_artifacts, name="artifacts"),
    path("runs/<str:run_id>/artifacts/<path:path>", artifacts.run_artifact, name="artifact"),
    path("runs/<str:run_id>/raw/", artifacts.run_artifacts_raw, name="artifacts_raw"),
    path("runs/<str:run_id>/raw/<path:path>", artifacts.run_artifact_raw, name="artifact_raw"),
]
