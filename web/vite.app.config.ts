import { defineConfig, type Plugin } from 'vite'

/** Moves the script and the styles into the HTML: a host reads the app as one resource. */
function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle: {
      // Vite fills in the places of dynamic imports in this step too, and those of a script that has moved would stay.
      order: 'post',
      handler(_options, bundle) {
        const page = bundle['app.html']
        if (page?.type !== 'asset') return
        let html = String(page.source)
        for (const [name, file] of Object.entries(bundle)) {
          if (file.type === 'chunk') {
            if (file.code.includes('__VITE_PRELOAD__')) this.error('a dynamic import has not been filled in')
            // In a string or an expression, these would end the element, or keep its own end from ending it.
            const code = file.code.replace(/<(?=\/?script|!--)/gi, '\\x3c')
            html = html.replace(/<script type="module"[^>]*><\/script>/, '')
            html = html.replace('</body>', () => `<script type="module">${code}</script></body>`)
            delete bundle[name]
          } else if (name.endsWith('.css')) {
            html = html.replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${String(file.source)}</style>`)
            delete bundle[name]
          }
        }
        page.source = html
      },
    },
  }
}

export default defineConfig({
  plugins: [oneFile()],
  build: {
    outDir: 'dist',
    // The page was built into the same folder before.
    emptyOutDir: false,
    target: 'es2022',
    cssCodeSplit: false,
    assetsInlineLimit: 1_000_000,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: 'app.html',
      output: { codeSplitting: false },
      // The bridge's library writes each message to the console, with the values of arguments.
      treeshake: { manualPureFunctions: ['console.debug'] },
    },
  },
})
