import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './remove-headers-out.ts'

const headers = [
  ['Set-Cookie', 'a=1'],
  ['Server', 'x'],
  ['set-cookie', 'b=2'],
  ['X-Powered-By', 'y'],
] as const

async function left(config: unknown): Promise<string[]> {
  const run = await runPlugin(plugin, { config, backend: { headers } })
  return [...run.headers].map(([name, value]) => `${name}: ${value}`)
}
const all = headers.map(([name, value]) => `${name}: ${value}`)

describe('removed response fields', () => {
  it('are none by default', async () => {
    assert.deepEqual(await left({}), all)
  })

  it('go with all of their name, in any case, Set-Cookie included', async () => {
    assert.deepEqual(await left({ header_names: ['SERVER'] }), [all[0], all[2], all[3]])
    assert.deepEqual(await left({ header_names: ['set-Cookie', 'x-powered-by'] }), [all[1]])
  })

  it('are named in old spellings too', async () => {
    assert.deepEqual(await left({ headers: ['server'] }), [all[0], all[2], all[3]])
    assert.deepEqual(await left({ names: ['server'] }), [all[0], all[2], all[3]])
  })

  it('stay in the request', async () => {
    const request = { headers: { Server: 'mine' } }
    const run = await runPlugin(plugin, {
      config: { header_names: ['Server'] },
      request,
      backend: { headers },
    })
    assert.equal(run.backend!.headers.get('server'), 'mine')
  })

  it('must be given as a list of texts', () => {
    assert.throws(() => setUp(plugin, { header_names: 'Server' }))
  })
})
