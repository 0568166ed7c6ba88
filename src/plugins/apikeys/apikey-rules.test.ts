/** What the reference says of flags, order and outcomes, as tables. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { bearerOf } from '../../identity/proofs.ts'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin } from '../../plugin/testing.ts'
import plugin from './apikey-calls.ts'

const key = (clientId: string, more: object = {}) =>
  apikey({ clientId, clientSecret: `${clientId}-secret`, authorizedEntities: ['group_default'], ...more })
const pair = (id: string, secret = `${id}-secret`) => ({
  'Otoroshi-Client-Id': id,
  'Otoroshi-Client-Secret': secret,
})

const keys = [
  key('good'),
  key('id-only', { allowClientIdOnly: true }),
  key('off', { enabled: false }),
  key('hidden', { restrictions: { enabled: true, notFound: [{ method: '*', path: '/.*' }] } }),
  key('forbidden', { restrictions: { enabled: true, forbidden: [{ method: '*', path: '/.*' }] } }),
  key('elsewhere', { authorizedEntities: ['route_other'] }),
  key('tagless'),
]

/** What came of a request: the id of the key that was left, or the refusal. */
async function outcome(config: object, headers: Record<string, string>): Promise<string> {
  const run = await runPlugin(plugin, { config, apikeys: keys, request: { headers } })
  if (run.refusal !== null) return `${run.status} ${run.refusal.message}`
  return run.attributes.get(apikeyAttribute)?.clientId ?? 'passes'
}

describe('flags', () => {
  const requests = {
    none: {},
    unknown: pair('nobody'),
    ungranted: pair('elsewhere'),
    wrong: pair('good', 'wrong'),
    disabled: pair('off'),
    hidden: pair('hidden'),
    forbidden: pair('forbidden'),
    good: pair('good'),
  }
  const refusals = {
    none: '400 no apikey',
    unknown: '400 invalid apikey tuple',
    ungranted: '400 invalid apikey tuple',
    wrong: '401 bad apikey',
    disabled: '401 bad apikey',
    hidden: '404 Not Found',
    forbidden: '403 Forbidden',
    good: 'good',
  }
  type Case = keyof typeof requests
  const cases = Object.keys(requests) as Case[]
  const table: [validate: boolean, mandatory: boolean, expected: (name: Case) => string][] = [
    [true, true, name => refusals[name]],
    [true, false, name => (['none', 'unknown', 'ungranted'].includes(name) ? 'passes' : refusals[name])],
    [false, false, name => (name === 'good' ? 'good' : 'passes')],
    [false, true, () => 'passes'],
  ]
  for (const [validate, mandatory, expected] of table)
    for (const name of cases)
      it(`validate ${validate}, mandatory ${mandatory}: ${name}`, async () => {
        assert.equal(await outcome({ validate, mandatory }, requests[name]), expected(name))
      })
})

describe('the form that decides', () => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256' })}.${part({ iss: 'good' })}`
  const token = `${signed}.${createHmac('sha256', 'good-secret').update(signed).digest('base64url')}`
  const forms: Record<string, Record<string, string>> = {
    'id only': { 'x-api-key': 'id-only' },
    'custom headers': pair('good'),
    jwt: { 'Otoroshi-Token': token },
    basic: { 'Otoroshi-Authorization': btoa('good:good-secret') },
    bearer: { Authorization: `Bearer ${bearerOf('good', 'good-secret')}` },
  }
  const wrong: Record<string, Record<string, string>> = {
    'id only': { 'x-api-key': 'good' },
    'custom headers': pair('good', 'wrong'),
    jwt: { 'Otoroshi-Token': `${signed}.AAAA` },
    basic: { 'Otoroshi-Authorization': btoa('good:wrong') },
    bearer: { Authorization: `Bearer ${bearerOf('good', 'wrong')}` },
  }
  const order = Object.keys(forms)
  for (const [i, first] of order.entries())
    it(`${first} comes before ${order.slice(i + 1).join(', ') || 'nothing'}`, async () => {
      assert.notEqual(await outcome({}, forms[first]!), '401 bad apikey')
      assert.equal(await outcome({}, wrong[first]!), '401 bad apikey')
      for (const later of order.slice(i + 1))
        assert.equal(await outcome({}, { ...forms[later], ...wrong[first] }), '401 bad apikey', later)
      for (const earlier of order.slice(0, i))
        assert.notEqual(await outcome({}, { ...wrong[first], ...forms[earlier] }), '401 bad apikey', earlier)
    })

  it('is not looked for where it is switched off', async () => {
    const names = {
      'id only': 'client_id',
      'custom headers': 'custom_headers',
      jwt: 'jwt',
      basic: 'basic',
      bearer: 'oto_bearer',
    }
    for (const [form, extractor] of Object.entries(names)) {
      const config = { extractors: { [extractor]: { enabled: false } } }
      assert.equal(await outcome(config, forms[form]!), '400 no apikey', form)
    }
  })
})

describe('routing', () => {
  it('that does not fit is 401, and a key for constrained services fits no route without constraints', async () => {
    const tagged = { routing: { enabled: true, one_tag_in: ['gold'] } }
    const matched = (config: object, id: string) => outcome(config, pair(id))
    assert.equal(await matched(tagged, 'tagless'), '401 invalid apikey')
    const constrained = key('constrained', { constrainedServicesOnly: true })
    const run = (routing: object) =>
      runPlugin(plugin, {
        config: { routing },
        apikeys: [constrained],
        request: { headers: pair('constrained') },
      })
    assert.equal((await run({ enabled: true })).status, 401)
    assert.equal((await run({ enabled: false })).status, 200)
  })
})
