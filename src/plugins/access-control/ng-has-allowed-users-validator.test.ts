import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { passingUser } from '../../identity/user.ts'
import { userAttribute } from '../../plugin/index.ts'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-has-allowed-users-validator.ts'

const ada = {
  name: 'Ada',
  email: 'Ada@Example.com',
  otoroshiData: { roles: ['admin', 'dev'], level: 3 },
  profile: { dept: 'math' },
}

async function passes(config: object, user: object | null = ada): Promise<boolean> {
  const run = await runPlugin(plugin, {
    config,
    before: ({ attributes }) => user !== null && attributes.set(userAttribute, passingUser({ ...user })),
  })
  if (run.refusal !== null) {
    assert.equal(run.refusal.reason, 'consumer.not_allowed')
    assert.equal(run.status, 403)
    assert.equal(run.refusal.message, 'forbidden')
  }
  return run.refusal === null
}

describe('users on a list', () => {
  it('are none unless something names them', async () => {
    assert.ok(!(await passes({})))
    assert.ok(!(await passes({ usernames: ['Ada'] }, null)), 'nobody is logged in')
  })

  it('are known by name or address', async () => {
    assert.ok(await passes({ usernames: ['Ada'] }))
    assert.ok(!(await passes({ usernames: ['ada', 'Ad'] })))
    assert.ok(await passes({ emails: ['ada@example.COM'] }))
    assert.ok(!(await passes({ emails: ['da@example.com'] })))
  })

  it('are known by the domain of their address, not by its last letters', async () => {
    for (const domain of ['example.com', '@example.com', 'EXAMPLE.com', '.com'])
      assert.ok(await passes({ email_domains: [domain] }), domain)
    for (const domain of ['ample.com', 'example.co', 'com.example'])
      assert.ok(!(await passes({ email_domains: [domain] })), domain)
    assert.ok(await passes({ email_domains: ['example.com'] }, { ...ada, email: 'ada@lab.example.com' }))
    assert.ok(
      !(await passes({ email_domains: ['@example.com'] }, { ...ada, email: 'ada@lab.example.com' })),
      'an @ means the domain alone',
    )
    assert.ok(!(await passes({ email_domains: ['example.com'] }, { ...ada, email: 'ada@evilexample.com' })))
    assert.ok(!(await passes({ email_domains: ['example.com'] }, { ...ada, email: 'x.example.com' })))
    assert.ok(await passes({ emailDomains: ['example.com'] }), 'older name')
  })

  it('are known by their data, also when nothing is listed that must not be there', async () => {
    assert.ok(await passes({ metadata_match: ["$.roles[?(@ == 'admin')]"] }))
    assert.ok(await passes({ metadata_match: ['$.nothing', '$.level'] }), 'one is enough')
    assert.ok(!(await passes({ metadata_match: ["$.roles[?(@ == 'root')]"] })))
    assert.ok(!(await passes({ metadata_match: ['$.level'], metadata_not_match: ['$.roles'] })))
    assert.ok(await passes({ metadata_match: ['$.level'], metadata_not_match: ['$.banned'] }))
    assert.ok(await passes({ otoroshi_data_match: ['$.level'] }))
    assert.ok(!(await passes({ metadata_match: ['$.level'], otoroshi_data_not_match: ['$.roles'] })))
    assert.ok(await passes({ profile_match: ['$.dept'] }))
    assert.ok(!(await passes({ profile_match: ['$.dept'], profile_not_match: ["$.[?(@.dept == 'math')]"] })))
    assert.ok(
      !(await passes({ metadata_not_match: ['$.banned'] })),
      'what is not forbidden is not yet allowed',
    )
    assert.ok(!(await passes({ metadata_match: ['$.level'] }, { ...ada, otoroshiData: null })))
  })

  it('refuse entries that would let everybody in, and paths that cannot be read', () => {
    assert.throws(() => setUp(plugin, { email_domains: [''] }), /email_domains\.0/)
    assert.throws(() => setUp(plugin, { email_domains: ['@'] }), /email_domains/)
    assert.throws(() => setUp(plugin, { usernames: ['a', ' '] }), /usernames\.1/)
    assert.throws(() => setUp(plugin, { profile_match: ['$.a['] }), /profile_match\.0: Invalid JSONPath/)
  })
})
