import { ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from "vue";

import {
  changeRule, createRule, listMeasures, listRules, removeRule,
  type AlertMeasure, type AlertPlace, type AlertRule, type AlertTerms,
} from "@/api/alerts";

/** The rules of a mission or of the installation, the one that changed last as the server has it. */
export function useAlertRules(place: MaybeRefOrGetter<AlertPlace>) {
  const rules = shallowRef<AlertRule[]>([]);
  const measures = shallowRef<AlertMeasure[]>([]);
  const status = ref<"loading" | "ready" | "failed">("loading");
  let turn = 0;

  async function load(): Promise<void> {
    const mine = ++turn;
    status.value = "loading";
    const found = await Promise.all([listMeasures(), listRules(toValue(place))]).catch(() => null);
    if (mine !== turn) return;
    measures.value = found?.[0].results ?? [];
    rules.value = found?.[1].results ?? [];
    status.value = found ? "ready" : "failed";
  }

  async function change(id: number, terms: Partial<AlertTerms>): Promise<void> {
    const changed = await changeRule(id, terms);
    rules.value = rules.value.map((rule) => (rule.id === id ? changed : rule));
  }

  /** Make a rule; `target` is where it belongs if that is no longer what is shown. */
  async function create(measure: string, terms: AlertTerms, target = toValue(place)): Promise<void> {
    const made = await createRule(target, measure, terms);
    if (target === toValue(place)) rules.value = [...rules.value, made];
  }

  async function remove(id: number): Promise<void> {
    await removeRule(id);
    rules.value = rules.value.filter((rule) => rule.id !== id);
  }

  watch(() => toValue(place), load, { immediate: true });
  return { rules, measures, status, load, change, create, remove };
}
