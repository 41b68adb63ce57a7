from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = _("agents")
    key_scope = "control"

    def ready(self) -> None:
        """Let missions tell agents what happens to them, and alerts watch them."""
        from agents import hooks as own
        from agents import leftovers, services
        from agents.alerts import register_measures
        from agents.costs import spending_of
        from agents.selectors import activities, facts_of_runs
        from agents.telling import tell_of_loop
        from missions import hooks, integrity

        hooks.on_created.append(services.create_agents)
        hooks.on_landed.append(services.follow_files)  # before it matters whose files they are
        hooks.on_landed.append(services.wake_agents)
        hooks.on_decided.append(services.go_on)
        hooks.on_archived.append(services.stop_agents)
        hooks.on_purged.append(services.purge_runs)
        hooks.on_updated.append(services.follow_model)
        hooks.on_reset.append(services.begin_anew)
        hooks.activity.append(activities)
        hooks.runs.append(facts_of_runs)
        hooks.spending.append(spending_of)
        own.on_loop.append(tell_of_loop)
        integrity.more.append(leftovers.look)
        register_measures()
