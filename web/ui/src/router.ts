/** The pages and their addresses. */
import { createRouter, createWebHistory } from "vue-router";
import DeskPage from "./pages/DeskPage.vue";
import SignInPage from "./pages/SignInPage.vue";

export const router = createRouter({
  history: createWebHistory("/"),
  routes: [
    { path: "/login", component: SignInPage },
    {
      path: "/",
      component: DeskPage,
      children: [
        { path: "", component: () => import("./parts/PopPanel.vue") },
        { path: "calls", component: () => import("./parts/HistoryPanel.vue") },
        { path: "supervision", alias: "live", component: () => import("./pages/SupervisionPage.vue"), meta: { wide: true } },
        { path: "callbacks", component: () => import("./work/CallbackPage.vue") },
        { path: "shift", component: () => import("./work/ShiftPage.vue") },
        { path: "bill/:account?", component: () => import("./bill/BillPage.vue") },
        { path: "announcements", component: () => import("./pages/AnnouncementPage.vue"), meta: { wide: true } },
        { path: "flows", component: () => import("./pages/FlowPage.vue"), meta: { wide: true } },
        {
          path: "admin",
          component: () => import("./admin/AdminPage.vue"),
          meta: { wide: true },
          children: [
            { path: "users", component: () => import("./admin/UsersPage.vue") },
            { path: "seats", component: () => import("./admin/SeatsPage.vue") },
            { path: "policy", component: () => import("./admin/PolicyPage.vue") },
            { path: "lists", component: () => import("./admin/ListsPage.vue") },
            { path: "calendar", component: () => import("./admin/CalendarPage.vue") },
            { path: "prompts", component: () => import("./admin/PromptsPage.vue") },
            { path: "audit", component: () => import("./admin/AuditPage.vue") },
          ],
        },
      ],
    },
    { path: "/wallboard", component: () => import("./wallboard/BoardPage.vue") },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
});
