/** How the desktop is built: Element Plus on demand, nothing inlined, nothing from the network. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Shorter than this a compressed answer is no shorter on the wire. */
const WORTH_IT = 1024;
/** The highest level takes five times as long for two hundredths less. */
const BROTLI_LEVEL = 9;

/** Lays a `.br` and a `.gz` beside each file of text: the server sends them as they are, and compresses nothing. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir }, bundle) {
      for (const one of Object.values(bundle)) {
        const content = Buffer.from(one.type === "chunk" ? one.code : one.source);
        if (!/\.(js|css|html|svg)$/.test(one.fileName) || content.length < WORTH_IT) continue;
        const path = join(dir ?? "dist", one.fileName);
        const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL };
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [
    vue(),
    precompressed(),
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
