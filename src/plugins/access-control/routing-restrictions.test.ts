import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './routing-restrictions.ts'

async function outcome(config: object, method: string, url: string): Promise<string> {
  const { refusal } = await runPlugin(plugin, { config, request: { method, url } })
  return refusal === null ? 'passes' : `${refusal.status} ${refusal.reason} ${refusal.cause}`
}

const HIDDEN = '404 restrictions.hidden errors.not.found'
const FORBIDDEN = '403 restrictions.forbidden errors.forbidden'
const line = (path: string, method = '*') => ({ method, path })

describe('restrictions of a route', () => {
  it('are none unless lines are given', async () => {
    assert.equal(await outcome({}, 'GET', '/x'), 'passes')
  })

  it('hide, then forbid, and let the rest pass', async () => {
    const config = { not_found: [line('/h.*')], forbidden: [line('/f', 'post'), line('/h')] }
    assert.equal(await outcome(config, 'GET', '/h'), HIDDEN)
    assert.equal(await outcome(config, 'POST', '/f'), FORBIDDEN)
    assert.equal(await outcome(config, 'GET', '/f'), 'passes')
    assert.equal(await outcome(config, 'GET', '/other'), 'passes')
  })

  it('let only what is allowed pass when that is not looked at last', async () => {
    const config = {
      allow_last: false,
      allowed: [line('/a'), line('/f')],
      forbidden: [line('/f'), line('/g')],
      not_found: [line('/h')],
    }
    assert.equal(await outcome(config, 'GET', '/a'), 'passes')
    assert.equal(await outcome(config, 'GET', '/f'), 'passes')
    assert.equal(await outcome(config, 'GET', '/g'), FORBIDDEN)
    assert.equal(await outcome(config, 'GET', '/h'), HIDDEN)
    assert.equal(await outcome(config, 'GET', '/other'), HIDDEN)
  })

  it('look at the domain, too, where a pattern does not begin with a slash', async () => {
    const config = { forbidden: [line('gateway\\.test/x')] }
    assert.equal(await outcome(config, 'GET', '/x'), FORBIDDEN)
    assert.equal(await outcome(config, 'GET', '/y'), 'passes')
  })

  it('refuse to start with a pattern that cannot be read, and say which', () => {
    assert.throws(
      () => setUp(plugin, { forbidden: [line('/a'), line('(?<!x)y')] }),
      /forbidden\.1\.path: Invalid pattern/,
    )
  })
})
