import { defineConfig } from 'vite'

/** The server that development talks to. */
const server = 'http://127.0.0.1:8080'

export default defineConfig({
  // A stage of API Gateway is a path before the page's: `/prod/`.
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no `data:` scripts or styles, and small files are bundled anyway.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/mcp': server, '/assets/settings.json': server } },
})
