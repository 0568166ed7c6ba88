import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './gzip-response-compressor.ts'

it('gzip compresses at the level of the settings: see compression.test.ts for the rest', async () => {
  const body = Array.from({ length: 3000 }, (_, at) => `line ${(at * 7919) % 1000}`).join('\n')
  const size = async (compression_level: number) => {
    const got = await runPlugin(plugin, {
      config: { compression_level },
      request: { headers: { 'Accept-Encoding': 'gzip' } },
      backend: { headers: { 'Content-Type': 'text/css' }, body },
    })
    assert.equal(got.headers.get('content-encoding'), 'gzip')
    return got.length
  }
  assert.ok((await size(9)) < (await size(1)))
})
