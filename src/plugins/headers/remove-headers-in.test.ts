import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openRawBackend, plainAnswer } from '../../gateway/testing/test-backend.ts'
import { openTestGateway, testRoute } from '../../gateway/testing/test-gateway.ts'
import type { PluginDefinition } from '../../plugin/index.ts'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './remove-headers-in.ts'

const headers = [
  ['X-A', '1'],
  ['x-b', '2'],
  ['x-a', '3'],
  ['X-Ab', '4'],
] as const

/** Names the backend gets, `Host` apart. */
async function left(config: unknown): Promise<string[]> {
  const run = await runPlugin(plugin, { config, request: { headers } })
  return [...run.backend!.headers].map(([name]) => name).filter(name => name !== 'Host')
}

describe('removed request fields', () => {
  it('are none by default', async () => {
    assert.deepEqual(await left({}), ['X-A', 'x-b', 'x-a', 'X-Ab'])
    assert.deepEqual(await left({ header_names: ['', ' '] }), ['X-A', 'x-b', 'x-a', 'X-Ab'])
  })

  it('go with all of their name, in any case, the others keeping their order', async () => {
    assert.deepEqual(await left({ header_names: [' x-A ', 'nope'] }), ['x-b', 'X-Ab'])
  })

  it('are named in old spellings too, the first list that is not empty counting', async () => {
    assert.deepEqual(await left({ headers: ['X-B'] }), ['X-A', 'x-a', 'X-Ab'])
    assert.deepEqual(await left({ names: ['X-B'] }), ['X-A', 'x-a', 'X-Ab'])
    assert.deepEqual(await left({ header_names: [], headers: ['X-A'], names: ['X-B'] }), ['x-b', 'X-Ab'])
    assert.deepEqual(await left({ header_names: ['X-Ab'], headers: ['X-A'] }), ['X-A', 'x-b', 'x-a'])
  })

  it('are still there for others who look at the request of the client', async () => {
    let seen: string | undefined
    const before = {
      before: (exchange: { request: { headers: { get(name: string): string | undefined } } }) => {
        seen = exchange.request.headers.get('x-a')
      },
    }
    await runPlugin(plugin, { config: { header_names: ['X-A'] }, request: { headers }, ...before })
    assert.equal(seen, '1')
  })

  it('must be given as a list of texts', () => {
    for (const header_names of ['X-A', [1], { 'X-A': '' }])
      assert.throws(() => setUp(plugin, { header_names }), JSON.stringify(header_names))
  })

  it('leave the request a Host: that of the target', async () => {
    const backend = await openRawBackend(socket => socket.write(plainAnswer('ok')))
    const gateway = await openTestGateway({ plugins: [plugin as unknown as PluginDefinition<never>] })
    after(() => Promise.all([gateway.close(), backend.close()]))
    const plugins = [{ plugin: plugin.id, config: { header_names: ['Host', 'Accept'] } }]
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins })])
    assert.equal((await gateway.call('http://api.test/')).body, 'ok')
    assert.match(backend.requests[0]!, new RegExp(`\\r\\nHost: 127\\.0\\.0\\.1:${backend.port}\\r\\n`))
    assert.doesNotMatch(backend.requests[0]!, /Accept|api\.test/)
  })
})
