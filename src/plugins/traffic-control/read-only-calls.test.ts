import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './read-only-calls.ts'

describe('read-only calls', () => {
  it('lets reading methods pass', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const run = await runPlugin(plugin, { request: { method } })
      assert.equal(run.backend?.method, method)
      assert.equal(run.headers.has('allow'), false)
    }
  })

  it('refuses every other one and names those', async () => {
    // Methods are case-sensitive (RFC 9110, 9.1): a backend may take `get` for anything.
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'PROPPATCH', 'get', 'GETX']) {
      const run = await runPlugin(plugin, { request: { method } })
      assert.equal(run.backend, null, method)
      assert.equal(run.status, 405)
      assert.equal(run.headers.get('allow'), 'GET, HEAD, OPTIONS')
      assert.equal(run.headers.get('otoroshi-error-reason'), 'method_not_allowed')
      assert.equal(run.refusal?.cause, 'errors.method.not.allowed')
    }
  })
})
