import { defineConfig } from 'vite'

/** The page is served under /screen/ by the service, which packages what is built here. */
export default defineConfig({
  base: './',
  build: { outDir: '../citytwin/screen', emptyOutDir: true, chunkSizeWarningLimit: 1500 },
  worker: { format: 'es' },
})
