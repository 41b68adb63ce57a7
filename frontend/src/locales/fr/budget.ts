import type { budget as english } from "../en/budget";

export const budget: typeof english = {
  budget: {
    title: "Budget",
    today: "Aujourd’hui",
    inAll: "{used} sur {cap} en tout",
    change: "Modifier",
    save: "Enregistrer",
    intro: "Ce que les modèles peuvent coûter à cette mission. L’écrivain hors ligne ne coûte rien. Les jours commencent à minuit UTC.",
    installation: "comme l’installation",
    noCap: "sans plafond",
    notAnAmount: "Écrivez des montants simples, comme 0,50, ou laissez un champ vide.",
    usedOf: "{used} sur {cap} ({scope}).",
    warning: "Presque épuisé :",
    reached: "Épuisé ; les agents attendent qu’il soit relevé ou que le jour finisse.",
    cost: "Coût",
    costToday: "Coût du jour",
    assumed: "au plus ; son prix est inconnu",
    tokens: "{count} jetons produits",
    calls: "{count} appels",
    scope: {
      agent_day: "cet agent aujourd’hui",
      mission_day: "cette mission aujourd’hui",
      mission: "cette mission en tout",
      day: "toute l’installation aujourd’hui",
    },
    field: {
      day_dollars: "Dollars par jour",
      dollars: "Dollars en tout",
      day_tokens: "Jetons produits par jour",
      day_calls: "Appels par jour",
    },
  },
};
