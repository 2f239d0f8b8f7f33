/** How the desktop is built: Element Plus on demand, nothing inlined, nothing from the network. */
import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [
    vue(),
    components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: "css" })] }),
  ],
  define: {
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    // Messages are compiled to a tree and walked, so no code is generated in the page (script-src 'self').
    __INTLIFY_JIT_COMPILATION__: true,
  },
  build: {
    target: "es2022",
    // An inlined file would be a data: address, which the page's own security policy refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8095", ws: true } } },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
