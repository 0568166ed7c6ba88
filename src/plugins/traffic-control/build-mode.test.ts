import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './build-mode.ts'

describe('build mode', () => {
  it('answers everything with the page of a service under construction', async () => {
    for (const method of ['GET', 'PUT', 'OPTIONS']) {
      const run = await runPlugin(plugin, { request: { method, body: 'x' } })
      assert.equal(run.backend, null)
      assert.equal(run.status, 503)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'under_construction')
      assert.equal(run.headers.get('otoroshi-error-msg'), 'Service under construction')
      assert.equal(run.refusal?.cause, 'errors.service.under.construction')
    }
  })

  it('shows browsers a page', async () => {
    const run = await runPlugin(plugin, { request: { headers: { Accept: 'text/html' } } })
    assert.match(run.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(run.text, /Service under construction/)
  })
})
