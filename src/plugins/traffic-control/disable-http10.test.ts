import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './disable-http10.ts'

describe('a route without HTTP/1.0', () => {
  it('refuses HTTP/1.0', async () => {
    const run = await runPlugin(plugin, { request: { version: 10 } })
    assert.equal(run.backend, null)
    assert.equal(run.status, 503)
    assert.equal(run.headers.get('otoroshi-error-reason'), 'http10_not_allowed')
    assert.equal(run.headers.get('otoroshi-error-msg'), 'HTTP/1.0 not allowed')
    assert.equal(run.refusal?.cause, 'errors.http.1_0.not.allowed')
  })

  it('lets every later version pass', async () => {
    for (const version of [11, 20, 30] as const)
      assert.equal((await runPlugin(plugin, { request: { version } })).status, 200)
  })
})
