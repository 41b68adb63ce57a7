import "@/styles/base.css";

import { createPinia } from "pinia";
import { createApp } from "vue";

import { configureHttp } from "@/api/http";
import EditorPage from "@/pages/EditorPage.vue";
import { useSession } from "@/stores/session";
import { i18n } from "@/support/i18n";
import { readContext } from "@/support/page";

const context = readContext();
configureHttp({ csrfCookie: context.csrf_cookie });

const app = createApp(EditorPage, { paths: context.paths });
app.use(createPinia());
app.use(i18n);
void useSession()
  .begin(context)
  .then(() => app.mount("#page"));
