/** The plugins that decide by path, time, expression, role or user, each on a route of its own. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'

let gateway: TestGateway
let backend: Backend

const plugin = (name: string, config: object = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })
const route = (id: string, ...plugins: object[]) =>
  gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins,
  })
const got = (id: string, path = '/', options: CallOptions = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)
const outcome = ({ status, headers }: Got): string =>
  status === 200 ? '200' : `${status} ${String(headers['otoroshi-error-reason']).split(';')[0]}`

/** Headers of a key with these tags and metadata, granted on every route of the tests. */
async function key(id: string, more: object = {}): Promise<Record<string, string>> {
  const answer = await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', {
    clientId: id,
    clientSecret: `${id}-secret`,
    clientName: id,
    authorizedEntities: ['group_default'],
    ...more,
  })
  assert.equal(answer.status, 201, answer.text)
  return { 'Otoroshi-Client-Id': id, 'Otoroshi-Client-Secret': `${id}-secret` }
}

/** A route with a setting that is wrong: closed, and its status names the place. */
async function refused(id: string, bad: object, place: RegExp): Promise<void> {
  await route(id, bad)
  assert.equal(outcome(await got(id)).slice(0, 11), '503 plugin.')
  const { json } = await gateway.admin('GET', `/api/routes/${id}/_status`)
  assert.match(JSON.stringify(json.faults), place)
}

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

describe('public and private paths', () => {
  it('want a key where they are private', async () => {
    const patterns = { public_patterns: ['/open/.*'], private_patterns: ['/open/not.*'] }
    await route('paths', plugin('ApikeyCalls', { mandatory: false }), plugin('PublicPrivatePaths', patterns))
    const headers = await key('paths-key')
    assert.equal(outcome(await got('paths', '/open/x')), '200')
    assert.equal(outcome(await got('paths', '/open/not')), '401 consumer.not_authorized')
    assert.equal(outcome(await got('paths', '/')), '401 consumer.not_authorized')
    assert.equal(outcome(await got('paths', '/', { headers })), '200')
    const encoded = await got('paths', '/open/..%2fsecret')
    assert.equal(encoded.status, 400, 'no spelling of the path gets round them')
  })

  it('are the same however reserved characters are written: no escape opens one', async () => {
    const patterns = { public_patterns: ['/open.*'], private_patterns: ['/open/not.*', '/open .*'] }
    await route('paths-escaped', plugin('PublicPrivatePaths', patterns))
    for (const path of [
      '/open/not',
      '/open%2Fnot',
      '/open%2fnot',
      '/open%5Cnot',
      '/open%5cnot/x',
      '/open%20x',
    ])
      assert.equal(outcome(await got('paths-escaped', path)), '401 consumer.not_authorized', path)
    for (const path of ['/open/yes', '/open%2Fyes', '/open/%C3%A9', '/open/%ff'])
      assert.equal(outcome(await got('paths-escaped', path)), '200', path)
    const exempt = { oidcConfigRef: 'none', excludedPatterns: ['/open[^/]*'] }
    await route('paths-exempt', plugin('OIDCAccessTokenValidator', { config: exempt }))
    assert.equal(outcome(await got('paths-exempt', '/open%20x')), '200')
    assert.notEqual((await got('paths-exempt', '/open%2Fx')).status, 200)
  })

  it('are all private by default, and closed by a pattern that cannot be read', async () => {
    await route('paths-default', plugin('PublicPrivatePaths'))
    assert.equal(outcome(await got('paths-default')), '401 consumer.not_authorized')
    await refused(
      'paths-bad',
      plugin('PublicPrivatePaths', { public_patterns: ['/a', '('] }),
      /public_patterns\.1/,
    )
  })
})

describe('the host that a proxy passes on', () => {
  it('is a host and nothing else, the first of several; what is none counts for nothing', async () => {
    await gateway.route({
      id: 'forwarded',
      name: 'forwarded',
      frontend: { domains: ['*.forwarded.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [plugin('AdditionalHeadersIn', { headers: { 'X-Host': '${req.host} ${req.domain}' } })],
    })
    const seen = async (forwarded: string): Promise<unknown> => {
      const got = await call(gateway.port, 'http://a.forwarded.test/', {
        headers: { 'X-Forwarded-Host': forwarded },
      })
      return got.status === 200 ? got.json.headers['x-host'] : outcome(got)
    }
    const own = 'a.forwarded.test a.forwarded.test'
    assert.equal(await seen('b.forwarded.test:8443'), 'b.forwarded.test:8443 b.forwarded.test')
    assert.equal(await seen('b.forwarded.test, evil.test'), 'b.forwarded.test b.forwarded.test')
    for (const none of [
      'evil.test/.forwarded.test',
      'evil.test?.forwarded.test',
      'a:"><script>',
      'u@b.forwarded.test',
      '',
    ])
      assert.equal(await seen(none), own, none)
    assert.notEqual(await seen('evil.test'), own, 'a name of nobody here leads to no route')
  })

  it('does not say whom the gateway asks', async () => {
    const url = 'http://auth.${req.domain}/check'
    await gateway.route({
      id: 'asks',
      name: 'asks',
      frontend: { domains: ['*.asks.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [plugin('NgExternalValidator', { url })],
    })
    assert.match(outcome(await call(gateway.port, 'http://a.asks.test/')), /^503 plugin\./)
  })
})

describe('restrictions of a route', () => {
  it('hide and forbid', async () => {
    const forbidden = [{ method: 'DELETE', path: '/.*' }]
    await route(
      'restricted',
      plugin('RoutingRestrictions', { forbidden, not_found: [{ method: '*', path: '/hidden.*' }] }),
    )
    assert.equal(outcome(await got('restricted', '/a')), '200')
    assert.equal(outcome(await got('restricted', '/a', { method: 'DELETE' })), '403 restrictions.forbidden')
    assert.equal(outcome(await got('restricted', '/hidden/a')), '404 restrictions.hidden')
  })

  it('of a key hold in both orders, whatever the spelling of the path', async () => {
    const line = (path: string, method = '*') => ({ method, path })
    const lists = {
      enabled: true,
      allowed: [line('/a.*')],
      forbidden: [line('/a/b.*'), line('/x/.*', 'DELETE')],
      notFound: [line('/a/b/c.*')],
    }
    await route('restricted-keys', plugin('ApikeyCalls'))
    const last = await key('allow-last', { restrictions: { ...lists, allowLast: true } })
    const first = await key('allow-first', { restrictions: { ...lists, allowLast: false } })
    const rows: readonly (readonly [path: string, last: string, first: string, method?: string])[] = [
      ['/a', '200', '200'],
      ['/a/b', '403 apikey.forbidden', '200'],
      ['/a%2Fb', '403 apikey.forbidden', '200'],
      ['/a/b/c', '404 apikey.hidden', '200'],
      ['/a%2fb%2Fc', '404 apikey.hidden', '200'],
      ['/other', '200', '404 apikey.hidden'],
      ['/x%2Fy', '403 apikey.forbidden', '403 apikey.forbidden', 'DELETE'],
      ['/x%2Fy', '200', '404 apikey.hidden'],
    ]
    for (const [path, whenLast, whenFirst, method = 'GET'] of rows) {
      assert.equal(outcome(await got('restricted-keys', path, { headers: last, method })), whenLast, path)
      assert.equal(outcome(await got('restricted-keys', path, { headers: first, method })), whenFirst, path)
    }
    // What is allowed first must be so in every form: `/a%2F..` is refused before, and a separator opens nothing.
    const narrow = { ...lists, allowLast: false, allowed: [line('/a[^/]*')] }
    const narrowed = await key('narrow', { restrictions: narrow })
    assert.equal(outcome(await got('restricted-keys', '/ab', { headers: narrowed })), '200')
    assert.notEqual((await got('restricted-keys', '/a%2Fb', { headers: narrowed })).status, 200)
  })

  it('are none by default, and closed by a line that cannot be read', async () => {
    await route('restricted-default', plugin('RoutingRestrictions'))
    assert.equal(outcome(await got('restricted-default')), '200')
    await refused(
      'restricted-bad',
      plugin('RoutingRestrictions', { allowed: [{ path: '(?=a)' }] }),
      /allowed\.0\.path/,
    )
  })
})

describe('opening hours', () => {
  it('close a route outside of them', async () => {
    await route('hours-none', plugin('TimeRestrictedAccessPlugin'))
    const closed = await got('hours-none')
    assert.equal(outcome(closed), '403 time_restricted')
    assert.equal(closed.json.error_description, 'You cannot access this resource right now')
    const rules = [{ time_start: '00:00', time_end: '23:59:59.999', day_start: 1, day_end: 7 }]
    await route('hours', plugin('TimeRestrictedAccessPlugin', { rules, timezone: 'Europe/Paris' }))
    assert.equal(outcome(await got('hours')), '200')
    const night = [{ time_start: '22:00', time_end: '06:00' }]
    await refused(
      'hours-bad',
      plugin('TimeRestrictedAccessPlugin', { rules: night }),
      /rules\.0: .*time_start/,
    )
  })
})

describe('lists of values', () => {
  it('let in and keep out', async () => {
    await route('allowed-default', plugin('NgGenericAllowedList'))
    assert.equal(outcome(await got('allowed-default')), '403 expression.no_values')
    const config = { expression: '${req.headers.x-team}', values: ['red'] }
    await route('allowed', plugin('NgGenericAllowedList', config))
    assert.equal(outcome(await got('allowed', '/', { headers: { 'X-Team': 'red' } })), '200')
    assert.equal(outcome(await got('allowed')), '403 expression.not_allowed')
    await route('blocked-default', plugin('NgGenericBlockList'))
    assert.equal(outcome(await got('blocked-default')), '200')
    await route('blocked', plugin('NgGenericBlockList', config))
    assert.equal(
      outcome(await got('blocked', '/', { headers: { 'X-Team': 'red' } })),
      '403 expression.blocked',
    )
    assert.equal(outcome(await got('blocked')), '200')
    await refused('list-bad', plugin('NgGenericAllowedList', { values: 'red' }), /values/)
  })

  it('are not got round by a second field, parameter or cookie of the name', async () => {
    const list = (name: string, expression: string, values: string[]) => plugin(name, { expression, values })
    const headers = (...values: string[]) => ({ headers: { 'X-Team': values } }) as unknown as CallOptions
    for (const [id, expression, ask] of [
      ['header', '${req.headers.x-team}', (...v: string[]) => ['/', headers(...v)]],
      ['query', '${req.query.t:none}', (...v: string[]) => [`/?${v.map(one => `t=${one}`).join('&')}`, {}]],
      [
        'cookie',
        '${req.cookies.t}',
        (...v: string[]) => ['/', { headers: { Cookie: v.map(one => `t=${one}`).join('; ') } }],
      ],
      ['text', 'team ${req.headers.x-team}', (...v: string[]) => ['/', headers(...v)]],
      [
        'chain',
        '${req.headers.x-none || req.headers.x-team :: guest}',
        (...v: string[]) => ['/', headers(...v)],
      ],
    ] as readonly (readonly [string, string, (...v: string[]) => [string, CallOptions]])[]) {
      const said = (value: string): string => (id === 'text' ? `team ${value}` : value)
      await route(`only-${id}`, list('NgGenericAllowedList', expression, [said('good')]))
      await route(`never-${id}`, list('NgGenericBlockList', expression, [said('evil')]))
      for (const values of [
        ['good', 'evil'],
        ['evil', 'good'],
      ]) {
        assert.equal(outcome(await got(`only-${id}`, ...ask(...values))), '403 expression.not_allowed', id)
        assert.equal(outcome(await got(`never-${id}`, ...ask(...values))), '403 expression.blocked', id)
      }
      assert.equal(outcome(await got(`only-${id}`, ...ask('good'))), '200', id)
      assert.equal(outcome(await got(`never-${id}`, ...ask('good'))), '200', id)
    }
    assert.equal(outcome(await got('only-header', '/', headers('good', 'good'))), '200')
    const quoted = { headers: { Cookie: 't="evil"; t=good' } }
    assert.equal(outcome(await got('never-cookie', '/', quoted)), '403 expression.blocked')
  })
})

describe('roles', () => {
  it('of the key decide', async () => {
    const config = { allow: ['admin'], deny: ['banned'] }
    await route('rbac', plugin('ApikeyCalls'), plugin('RBAC', config))
    const admin = await key('rbac-admin', { tags: ['role:admin'] })
    const banned = await key('rbac-banned', { metadata: { roles: '["admin","banned"]' } })
    const none = await key('rbac-none')
    assert.equal(outcome(await got('rbac', '/', { headers: admin })), '200')
    assert.equal(outcome(await got('rbac', '/', { headers: banned })), '403 consumer.not_allowed')
    assert.equal(outcome(await got('rbac', '/', { headers: none })), '403 consumer.not_allowed')
    await route('rbac-default', plugin('ApikeyCalls'), plugin('RBAC'))
    assert.equal(outcome(await got('rbac-default', '/', { headers: none })), '403 consumer.not_allowed')
    assert.equal(outcome(await got('rbac-default', '/', { headers: banned })), '200')
    await refused('rbac-bad', plugin('RBAC', { apikey_path: '$.[' }), /apikey_path/)
  })
})

describe('validators of the context', () => {
  it('look at the request and its key', async () => {
    const validators = [
      { path: '$.request.headers.x-tenant', value: '${apikey.metadata.tenant}' },
      { path: '$.apikey.tags', value: 'Contains(paid)' },
    ]
    await route('context', plugin('ApikeyCalls'), plugin('ContextValidation', { validators }))
    const headers = await key('context-key', { tags: ['paid'], metadata: { tenant: 'blue' } })
    const asked = (tenant: string) => got('context', '/', { headers: { ...headers, 'X-Tenant': tenant } })
    assert.equal(outcome(await asked('blue')), '200')
    assert.equal(outcome(await asked('red')), '403 context.invalid')
    assert.equal(outcome(await asked('IsDefined()')), '403 context.invalid')
    assert.equal(outcome(await got('context', '/', { headers })), '403 context.invalid')
    await route('context-default', plugin('ContextValidation'))
    assert.equal(outcome(await got('context-default')), '200')
    const chosen = [{ path: '$.a', value: 'Regex(${req.query.x})' }]
    await refused('context-bad', plugin('ContextValidation', { validators: chosen }), /validators\.0/)
  })

  it('look at the one value there is, and at none that is not there', async () => {
    const validators = [
      { path: '$.request.headers.x-team', value: 'Not(evil)' },
      { path: '$.request.query.a', value: 'Not(evil)' },
    ]
    await route('context-once', plugin('ContextValidation', { validators }))
    const teams = (...values: string[]) => ({ headers: { 'X-Team': values } }) as unknown as CallOptions
    assert.equal(outcome(await got('context-once', '/?a=good', teams('good'))), '200')
    assert.equal(outcome(await got('context-once', '/?a=good', teams('good', 'evil'))), '403 context.invalid')
    for (const query of ['a=good&a=evil', 'a=evil&a=good', 'a=good&%61=evil'])
      assert.equal(
        outcome(await got('context-once', `/?${query}`, teams('good'))),
        '403 context.invalid',
        query,
      )
    for (const path of ["$['request'].headers['x-team']", '$..x-team', "$.request['headers'].x-team"]) {
      const id = `context-${path.length}`
      await route(id, plugin('ContextValidation', { validators: [{ path, value: 'ContainsNot(evil)' }] }))
      assert.equal(outcome(await got(id, '/', teams('good', 'evil'))), '403 context.invalid', path)
    }
    const cookie = [{ path: '$.request.cookies[?(@.name == "a")].value', value: 'ContainsNot(evil)' }]
    await route('context-cookie', plugin('ContextValidation', { validators: cookie }))
    const twice = { headers: { Cookie: 'a=good; a=evil' } }
    assert.equal(outcome(await got('context-cookie', '/', twice)), '403 context.invalid')
    const nothing = [{ path: '$.apikey', value: '${req.headers.x-b}' }]
    await route('context-nothing', plugin('ContextValidation', { validators: nothing }))
    assert.equal(
      outcome(await got('context-nothing', '/', { headers: { 'X-B': 'null' } })),
      '403 context.invalid',
    )
  })
})

describe('users and consumers', () => {
  it('must be known', async () => {
    await route('users', plugin('NgHasAllowedUsersValidator', { usernames: ['Ada'] }))
    assert.equal(outcome(await got('users')), '403 consumer.not_allowed')
    await refused(
      'users-bad',
      plugin('NgHasAllowedUsersValidator', { email_domains: ['a', ''] }),
      /email_domains\.1/,
    )
    await route('expected', plugin('ApikeyCalls', { mandatory: false }), plugin('NgExpectedConsumer'))
    assert.equal(outcome(await got('expected')), '401 consumer.missing')
    assert.equal(outcome(await got('expected', '/', { headers: await key('expected-key') })), '200')
  })

  it('are users of an auth module, each judged by what it says of him', async () => {
    const password = await hash('correct horse', 4)
    const people = {
      id: 'people',
      type: 'basic',
      name: 'people',
      users: [
        { name: 'Ada', email: 'ada@example.com', password, metadata: { roles: 'admin', team: 'core' } },
        { name: 'Bob', email: 'bob@other.test', password, metadata: { roles: 'reader', team: 'core' } },
      ],
    }
    const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', people)
    assert.equal(made.status, 201, made.text)
    const validators = [{ path: '$.user.otoroshiData.roles', value: 'admin' }]
    const guards = {
      'user-named': plugin('NgHasAllowedUsersValidator', { usernames: ['Ada'] }),
      'user-mailed': plugin('NgHasAllowedUsersValidator', { email_domains: ['example.com'] }),
      'user-role': plugin('RBAC', { allow: ['admin'] }),
      'user-context': plugin('ContextValidation', { validators }),
    }
    for (const [id, guard] of Object.entries(guards)) {
      await route(id, plugin('BasicAuthWithAuthModule', { ref: 'people' }), guard)
      const as = (who: string, secret = 'correct horse') =>
        got(id, '/', { headers: { Authorization: `Basic ${btoa(`${who}:${secret}`)}` } })
      assert.equal(outcome(await as('ada@example.com')), '200', id)
      assert.match(
        outcome(await as('bob@other.test')),
        /^403 (?:consumer\.not_allowed|context\.invalid)$/,
        id,
      )
      assert.equal((await as('ada@example.com', 'wrong')).status, 401, id)
    }
  })

  it('are asked for by the preset', async () => {
    await route('preset', plugin('MandatoryConsumerPreset', { tags: ['gold'] }))
    const gold = await key('preset-gold', { tags: ['gold'] })
    const iron = await key('preset-iron')
    assert.equal(outcome(await got('preset')), '401 consumer.missing')
    assert.equal(outcome(await got('preset', '/', { headers: gold })), '200')
    assert.equal(outcome(await got('preset', '/', { headers: iron })), '403 apikey.tags_missing')
    const wrong = { ...gold, 'Otoroshi-Client-Secret': 'x' }
    assert.equal(outcome(await got('preset', '/', { headers: wrong })), '401 apikey.bad')
    await refused('preset-bad', plugin('MandatoryConsumerPreset', { tags: 'gold' }), /tags/)
  })
})

describe('domains of the whole gateway', () => {
  const validator = (name: string, config: object) =>
    plugin(`NgIncomingRequestValidator${name}DomainNames`, config)
  const set = async (...validators: object[]) => {
    const { json: config } = await gateway.admin('GET', '/api/globalconfig')
    const settings = { ...config.plugins?.config, incoming_request_validators: validators }
    const put = { ...config, plugins: { ...config.plugins, config: settings } }
    return (await gateway.admin('PUT', '/api/globalconfig', put)).status
  }

  it('are denied before a route is looked for', async () => {
    await route('denied')
    assert.equal(outcome(await got('denied')), '200')
    assert.equal(await set(validator('Denied', { domains: ['den*.test'] })), 200)
    assert.equal(outcome(await got('denied')), '403 domain_not_allowed')
    const upper = await call(gateway.port, 'http://denied.test/', { headers: { Host: 'DENIED.test' } })
    assert.equal(outcome(upper), '403 domain_not_allowed')
    assert.equal(outcome(await got('expected')), '401 consumer.missing')
    assert.equal(await set(), 200)
    assert.equal(outcome(await got('denied')), '200')
  })

  it('are allowed, and no others', async () => {
    const domains = ['otoroshi-api.oto.tools', 'denied.test']
    assert.equal(await set(validator('Allowed', { domains })), 200)
    assert.equal(outcome(await got('denied')), '200')
    assert.equal(outcome(await got('expected')), '403 domain_not_allowed')
    assert.equal(await set(validator('Allowed', {})), 200)
    assert.equal(outcome(await got('expected')), '401 consumer.missing')
    assert.equal(await set(), 200)
  })
})
