/** Starts the page. */
import { createApp } from "vue";
import "element-plus/es/components/base/style/css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "./theme.css";
import App from "./App.vue";
import { followLook } from "./desktop/look";
import { i18n, showIn } from "./i18n";
import { router } from "./router";

followLook();
showIn(i18n.global.locale.value);
createApp(App).use(i18n).use(router).mount("#app");
