import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './zstd-response-compressor.ts'

it('zstd compresses at the level of the settings: see compression.test.ts for the rest', async () => {
  const body = Array.from({ length: 3000 }, (_, at) => `line ${(at * 7919) % 1000}`).join('\n')
  const size = async (compression_level: number) => {
    const got = await runPlugin(plugin, {
      config: { compression_level },
      request: { headers: { 'Accept-Encoding': 'zstd' } },
      backend: { headers: { 'Content-Type': 'text/css' }, body },
    })
    assert.equal(got.headers.get('content-encoding'), 'zstd')
    return got.length
  }
  assert.ok((await size(9)) < (await size(1)))
})
