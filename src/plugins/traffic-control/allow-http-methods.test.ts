import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './allow-http-methods.ts'

/** The methods of a few that pass. */
async function passing(config: unknown): Promise<string[]> {
  const passed: string[] = []
  for (const method of ['GET', 'get', 'HEAD', 'POST', 'Delete', 'PURGE'])
    if ((await runPlugin(plugin, { config, request: { method } })).backend !== null) passed.push(method)
  return passed
}

describe('allowed methods', () => {
  it('are none unless the settings name some', async () => {
    assert.deepEqual(await passing({}), [])
    assert.deepEqual(await passing({ forbidden: ['POST'] }), [])
  })

  it('pass in any case', async () => {
    assert.deepEqual(await passing({ allowed: ['GET', ' delete '] }), ['GET', 'get', 'Delete'])
    assert.deepEqual(await passing({ allowed: ['purge'] }), ['PURGE'])
  })

  it('do not pass when they are forbidden too, in any case', async () => {
    assert.deepEqual(await passing({ allowed: ['GET', 'POST', 'DELETE'], forbidden: ['delete', 'Get'] }), [
      'POST',
    ])
  })

  it('are named in the refusal of others', async () => {
    const config = { allowed: ['GET', 'head', 'POST', 'GET'], forbidden: ['POST'] }
    const run = await runPlugin(plugin, { config, request: { method: 'DELETE' } })
    assert.equal(run.status, 405)
    assert.equal(run.headers.get('allow'), 'GET, HEAD')
    assert.equal(run.headers.get('otoroshi-error-reason'), 'method_not_allowed')
    assert.equal(run.headers.get('otoroshi-error-msg'), 'Method not allowed')
    assert.equal(run.refusal?.cause, 'errors.method.not.allowed')
    assert.equal((await runPlugin(plugin, { config })).headers.has('allow'), false)
  })

  it('refuse to start with what is no method: it would forbid nothing', () => {
    for (const list of [['GET, POST'], ['GET\r\nX: 1'], [''], ['GÉT'], 'GET', [1]]) {
      assert.throws(() => setUp(plugin, { forbidden: list }), JSON.stringify(list))
      assert.throws(() => setUp(plugin, { allowed: list }), JSON.stringify(list))
    }
  })
})
