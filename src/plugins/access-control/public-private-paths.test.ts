import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { passingUser } from '../../identity/user.ts'
import { apikeyAttribute, type Exchange, userAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './public-private-paths.ts'

const withKey = ({ attributes }: Exchange): void =>
  attributes.set(apikeyAttribute, apikey({ clientId: 'id', clientSecret: 's' }))
const withUser = ({ attributes }: Exchange): void =>
  attributes.set(userAttribute, passingUser({ name: 'Ada', email: 'ada@example.com' }))

async function outcome(config: object, url: string, before?: (exchange: Exchange) => void): Promise<string> {
  const run = await runPlugin(plugin, { config, request: { url }, ...(before && { before }) })
  return run.refusal === null
    ? 'passes'
    : `${run.status} ${run.refusal.reason} ${run.refusal.message} ${run.refusal.cause}`
}

const CLOSED = '401 consumer.not_authorized Not authorized errors.unauthorized'

describe('public and private paths', () => {
  it('are all private unless patterns open some', async () => {
    assert.equal(await outcome({}, '/'), CLOSED)
    assert.equal(await outcome({ public_patterns: ['/open/.*'] }, '/open/a'), 'passes')
    assert.equal(await outcome({ public_patterns: ['/open/.*'] }, '/a/open/a'), CLOSED)
    assert.equal(await outcome({ public_patterns: ['/open'] }, '/open/a'), CLOSED)
    assert.equal(await outcome({ public_patterns: ['/open'] }, '/open?x=1'), 'passes')
  })

  it('are private where a private pattern fits, whatever else does', async () => {
    const config = { public_patterns: ['/.*'], private_patterns: ['/admin.*'] }
    assert.equal(await outcome(config, '/x'), 'passes')
    assert.equal(await outcome(config, '/admin/x'), CLOSED)
  })

  it('open to keys, and to users unless they are strict', async () => {
    assert.equal(await outcome({}, '/', withKey), 'passes')
    assert.equal(await outcome({}, '/', withUser), 'passes')
    assert.equal(await outcome({ strict: true }, '/', withKey), 'passes')
    assert.equal(await outcome({ strict: true }, '/', withUser), CLOSED)
  })

  it('refuse patterns that cannot be read, and say which', () => {
    assert.throws(
      () => setUp(plugin, { private_patterns: ['/a', '(?=x)'] }),
      /private_patterns\.1: Invalid pattern/,
    )
    assert.throws(() => setUp(plugin, { public_patterns: ['('] }), /public_patterns\.0/)
  })

  it('take no time that a careless pattern could cost', async () => {
    const start = process.cpuUsage().user
    assert.equal(await outcome({ public_patterns: ['/(a+)+b'] }, `/${'a'.repeat(4000)}`), CLOSED)
    assert.ok(process.cpuUsage().user - start < 2_000_000)
  })
})
