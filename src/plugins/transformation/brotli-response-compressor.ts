/** Compresses answers with brotli. */
import { definePlugin } from '../../plugin/index.ts'
import { compression, compressionSettings } from './compression.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.BrotliResponseCompressor',
  name: 'Brotli compression',
  description:
    'Compresses answers with brotli for clients that take it, behind all other plugins. Do not compress pages that hold both a secret and what a client sent (BREACH).',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: compressionSettings(5, 0, 11),
  setup: config => compression('br', config),
})
