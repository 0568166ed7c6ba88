/** Compresses answers with gzip. */
import { definePlugin } from '../../plugin/index.ts'
import { compression, compressionSettings } from './compression.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GzipResponseCompressor',
  name: 'Gzip compression',
  description:
    'Compresses answers with gzip for clients that take it, behind all other plugins. Do not compress pages that hold both a secret and what a client sent (BREACH).',
  family: 'transformation',
  categories: ['Transformations', 'Classic'],
  steps: ['TransformResponse'],
  config: compressionSettings(5, 0, 9),
  setup: config => compression('gzip', config),
})
