"""How work in the background is delivered, by the settings alone."""

from django.conf import settings

from agents.selectors import RESEND_AFTER
from celery_app import app
from parallagon.supervisor.plan import process_plan


class TestDelivery:
    def test_a_message_is_kept_until_its_work_is_done(self) -> None:
        assert app.conf.task_acks_late is True
        assert app.conf.worker_prefetch_multiplier == 1

    def test_work_that_kills_its_worker_does_not_come_again_for_ever(self) -> None:
        assert app.conf.task_reject_on_worker_lost is False

    def test_no_message_comes_again_while_its_run_may_be_at_work(self) -> None:
        options = app.conf.broker_transport_options

        assert options["visibility_timeout"] >= 4 * settings.LONGEST_RUN
        assert settings.PARALLAGON_RUN_SECONDS <= settings.LONGEST_RUN

    def test_a_broker_that_is_gone_is_noticed(self) -> None:
        options = app.conf.broker_transport_options

        assert 0 < options["socket_connect_timeout"] <= 5
        assert 0 < options["socket_timeout"] <= 30

    def test_what_comes_late_is_void(self) -> None:
        app.loader.import_default_modules()
        for name, entry in app.conf.beat_schedule.items():
            assert entry["options"]["expires"] <= max(30, float(entry["schedule"])), name
        expires = app.tasks["agents.execute_run"].expires
        assert isinstance(expires, float)
        assert expires > RESEND_AFTER.total_seconds(), "another message is there by then"


class TestQueues:
    def test_each_has_a_worker(self) -> None:
        app.loader.import_default_modules()
        served = {
            spec.command[spec.command.index("--queues") + 1]
            for spec in process_plan()
            if "--queues" in spec.command
        }
        used = {route["queue"] for route in app.conf.task_routes.values()}

        assert used | {app.conf.task_default_queue} == served

    def test_every_route_is_one_of_a_task(self) -> None:
        app.loader.import_default_modules()

        assert set(app.conf.task_routes) <= set(app.tasks)
