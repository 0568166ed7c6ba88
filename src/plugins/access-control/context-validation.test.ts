import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apikeyAttribute, inputTokenAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './context-validation.ts'

interface Call {
  readonly headers?: Record<string, string> | [string, string][]
  readonly url?: string
  readonly method?: string
  readonly key?: object
}

async function outcome(
  validators: object[],
  { headers = {}, url = '/', method = 'GET', key }: Call = {},
): Promise<string> {
  const run = await runPlugin(plugin, {
    config: { validators },
    request: { headers, url, method },
    before({ attributes }) {
      if (key !== undefined)
        attributes.set(apikeyAttribute, apikey({ clientId: 'id', clientSecret: 's', ...key }))
      attributes.set(inputTokenAttribute, {
        raw: `${Buffer.from('{"alg":"HS256","kid":"k"}').toString('base64url')}.x.y`,
        claims: { sub: 'ada' },
      })
    },
  })
  if (run.refusal === null) return 'passes'
  assert.equal(`${run.status} ${run.refusal.reason}`, '403 context.invalid')
  return run.refusal.detail ?? ''
}

const holds = (path: string, value: unknown, call?: Call) => outcome([{ path, value }], call)

describe('validators of a request', () => {
  it('are none unless given', async () => {
    assert.equal(await outcome([]), 'passes')
  })

  it('look at request, key, token and route', async () => {
    for (const [path, value] of [
      ['$.request.method', 'GET'],
      ['$.req.path', '/a'],
      ['$.request.uri', '/a?b=1'],
      ['$.request.query.b', '1'],
      ['$.request.tls', 'false'],
      ['$.request.has_body', false],
      ['$.request.version', 'HTTP/1.1'],
      ['$.request.headers.x-team', 'ContainedIn(red, blue)'],
      ['$.apikey.clientId', 'id'],
      ['$.apikey.metadata.level', 'Regex(\\d+)'],
      ['$.token.payload.sub', 'ada'],
      ['$.token.header.kid', 'k'],
      ['$.route.id', 'route_test'],
      ['$.user', 'NotDefined()'],
    ] as const)
      assert.equal(
        await holds(path, value, {
          headers: { 'X-Team': 'red' },
          url: '/a?b=1',
          key: { metadata: { level: '7' } },
        }),
        'passes',
        path,
      )
  })

  it('must all hold, and say which one does not', async () => {
    const validators = [
      { path: '$.request.method', value: 'GET' },
      { path: '$.request.headers.x-a', value: 'b', error: 'x-a is needed' },
    ]
    assert.equal(await outcome(validators, { headers: { 'x-a': 'b' } }), 'passes')
    assert.equal(await outcome(validators), 'x-a is needed')
  })

  it('find header fields in any case, and both values of one that is there twice', async () => {
    for (const name of ['X-Internal', 'x-internal', 'X-INTERNAL'])
      assert.notEqual(
        await holds('$.request.headers.X-Internal', 'NotDefined()', { headers: { [name]: '1' } }),
        'passes',
      )
    assert.equal(await holds('$.request.headers.X-Internal', 'NotDefined()'), 'passes')
    const twice: [string, string][] = [
      ['X-Role', 'user'],
      ['x-role', 'admin'],
    ]
    assert.notEqual(await holds('$.request.headers.x-role', 'user', { headers: twice }), 'passes')
    assert.notEqual(
      await holds('$.request.headers.x-role', 'Not(admin)', { headers: [['x-role', 'admin']] }),
      'passes',
    )
  })

  it('compare with numbers, booleans and lists', async () => {
    assert.equal(await holds('$.apikey.dailyQuota', 5, { key: { dailyQuota: 5 } }), 'passes')
    assert.equal(await holds('$.apikey.enabled', true, { key: {} }), 'passes')
    assert.equal(await holds('$.apikey.tags', ['a', 'b'], { key: { tags: ['a', 'b'] } }), 'passes')
    assert.notEqual(await holds('$.apikey.dailyQuota', 6, { key: { dailyQuota: 5 } }), 'passes')
  })

  it('may expect what an expression makes', async () => {
    const key = { metadata: { team: 'red' } }
    const wanted = '${apikey.metadata.team}'
    assert.equal(
      await holds('$.request.headers.x-team', wanted, { key, headers: { 'x-team': 'red' } }),
      'passes',
    )
    assert.notEqual(
      await holds('$.request.headers.x-team', wanted, { key, headers: { 'x-team': 'blue' } }),
      'passes',
    )
    const pattern = { metadata: { pattern: 'Regex(r.d)' } }
    assert.equal(
      await holds('$.request.headers.x-team', '${apikey.metadata.pattern}', {
        key: pattern,
        headers: { 'x-team': 'rod' },
      }),
      'passes',
    )
    assert.equal(await holds('$.request.domain_is_not_there', 'NotDefined()'), 'passes')
  })

  it('never let what a client sends become a test', async () => {
    for (const sent of ['IsDefined()', 'NotDefined()', 'Regex(.*)', 'Wildcard(*)', 'Not(x)', 'Contains()'])
      assert.notEqual(
        await holds('$.apikey.metadata.team', '${req.headers.x-team}', {
          key: { metadata: { team: 'red' } },
          headers: { 'x-team': sent },
        }),
        'passes',
        sent,
      )
    assert.equal(
      await holds('$.apikey.metadata.team', '${req.headers.x-team}', {
        key: { metadata: { team: 'red' } },
        headers: { 'x-team': 'red' },
      }),
      'passes',
    )
  })

  it('refuse to start where a client would choose what is looked at, or a part of a test', () => {
    const bad = (validator: object, why: RegExp): void =>
      assert.throws(() => setUp(plugin, { validators: [{ path: '$.a', value: 'b' }, validator] }), why)
    bad({ path: '$.request.${req.headers.x}', value: 'a' }, /validators\.1: .*choose what is looked at/)
    bad({ path: '$.a', value: 'Regex(${req.headers.x})' }, /validators\.1: .*cannot be a part of a test/)
    bad({ path: '$.a[', value: 'x' }, /validators\.1/)
    bad({ path: '$.a', value: 'Regex(()' }, /validators\.1/)
    bad({ path: '$.a' }, /validators\.1: .*a value is needed/)
    bad({ path: '$.global_config.metadata.x', value: 'NotDefined()' }, /global_config cannot be looked at/)
    bad({ path: 'attrs.x', value: 'NotDefined()' }, /attrs cannot be looked at/)
    bad({ value: 'x' }, /validators\.1\.path/)
  })
})
