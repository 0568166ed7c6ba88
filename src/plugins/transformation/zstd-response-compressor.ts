/** Compresses answers with zstd. */
import { definePlugin } from '../../plugin/index.ts'
import { compression, compressionSettings } from './compression.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ZstdResponseCompressor',
  name: 'Zstandard compression',
  description:
    'Compresses answers with zstd (RFC 8878) for clients that take it, behind all other plugins. Do not compress pages that hold both a secret and what a client sent (BREACH).',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: compressionSettings(3, 1, 19),
  setup: config => compression('zstd', config),
})
