import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readJws } from '../../identity/jwt/jws.ts'
import { secretSigned } from '../../identity/jwt/signature.ts'
import { apikeyAttribute, type Exchange, userAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp, userSession } from '../../plugin/testing.ts'
import plugin from './otoroshi-infos.ts'

const key = apikey({
  clientId: 'cid',
  clientName: 'The key',
  clientSecret: 'hidden-secret',
  metadata: { plan: 'gold', iss: 'evil', email: 'other@x.y' },
  tags: ['t0'],
})
const user = userSession({
  randomId: 'session_1',
  name: 'Ann',
  email: 'ann@x.y',
  realm: 'r',
  profile: { sub: 's1', picture: 'p.png', given_name: 'Ann', locale: 'fr' },
  otoroshiData: { team: 'red', aud: 'evil' },
  token: { access_token: 'hidden-token' },
  tags: ['u0'],
})

const as =
  (who: 'key' | 'user' | 'both' | 'nobody') =>
  ({ attributes }: Exchange): void => {
    if (who === 'key' || who === 'both') attributes.set(apikeyAttribute, key)
    if (who === 'user' || who === 'both') attributes.set(userAttribute, user)
  }

async function claimsOf(
  config: object,
  who: Parameters<typeof as>[0],
  headers = {},
): Promise<Record<string, unknown>> {
  const { backend } = await runPlugin(plugin, { config, before: as(who), request: { headers } })
  const text = backend!.headers.get('otoroshi-claim')!
  assert.doesNotMatch(Buffer.from(text.split('.')[1]!, 'base64url').toString(), /hidden/)
  const token = readJws(text)!
  assert.ok(secretSigned(token, 'secret'))
  assert.equal(token.alg, 'HS512')
  return token.claims as Record<string, unknown>
}

const light = { clientId: 'cid', clientName: 'The key', metadata: key.metadata, tags: ['t0'] }
const lightUser = {
  name: 'Ann',
  email: 'ann@x.y',
  profile: user.profile,
  metadata: { team: 'red', aud: 'evil' },
  tags: ['u0'],
}

describe('the latest info token', () => {
  it('says for whom it is, and for how long', async () => {
    const { iat, exp, nbr, jti, ...rest } = await claimsOf({ ttl: 12 }, 'nobody')
    assert.deepEqual(rest, { iss: 'Otoroshi', sub: 'public', aud: 'Route under test', access_type: 'public' })
    assert.equal(nbr, iat)
    assert.equal((exp as number) - (iat as number), 12)
    assert.match(jti as string, /^[0-9a-f-]{36}$/)
  })

  it('tells of key and user', async () => {
    const both = await claimsOf({}, 'both')
    assert.deepEqual([both['sub'], both['access_type']], ['ann@x.y', 'both'])
    assert.deepEqual([both['apikey'], both['user']], [light, lightUser])
    const ofKey = await claimsOf({}, 'key')
    assert.deepEqual([ofKey['sub'], ofKey['access_type'], ofKey['user']], ['The key', 'apikey', undefined])
    const ofUser = await claimsOf({ version: 'latest' }, 'user')
    assert.deepEqual([ofUser['sub'], ofUser['access_type'], ofUser['apikey']], ['ann@x.y', 'user', undefined])
  })

  it('has more fields where the settings say so, none of which is a registered one', async () => {
    const add_fields = { path: '${req.path}', plan: '${apikey.metadata.plan}', sub: 'x', iss: 'x', exp: '1' }
    const claims = await claimsOf({ add_fields }, 'key')
    assert.deepEqual(
      [claims['path'], claims['plan'], claims['sub'], claims['iss']],
      ['/', 'gold', 'The key', 'Otoroshi'],
    )
    assert.equal(typeof claims['exp'], 'number')
    // What a client sends is a text in it, and nothing else.
    const told = await claimsOf({ add_fields: { x: '${req.headers.x}' } }, 'nobody', { x: '${env.HOME}"' })
    assert.equal(told['x'], '${env.HOME}"')
  })

  it('is cut to what a projection keeps', async () => {
    const projection = { access_type: true, client: { $at: 'apikey.clientId' }, iss: { $value: 'x' } }
    const { iss, sub, client, access_type, apikey: none } = await claimsOf({ projection }, 'key')
    assert.deepEqual(
      [iss, sub, client, access_type, none],
      ['Otoroshi', 'The key', 'cid', 'apikey', undefined],
    )
  })
})

describe('the legacy info token', () => {
  const registered = new Set(['iss', 'aud', 'exp', 'iat', 'nbr', 'jti'])
  const own = (claims: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => !registered.has(name)))

  it('tells the same flat', async () => {
    const claims = await claimsOf({ version: 'Legacy' }, 'user')
    assert.deepEqual([claims['iss'], claims['aud']], ['Otoroshi', 'Route under test'])
    assert.deepEqual(own(claims), {
      sub: 'pa:ann@x.y',
      email: 'ann@x.y',
      name: 'Ann',
      user_id: 's1',
      picture: 'p.png',
      given_name: 'Ann',
      locale: 'fr',
      team: 'red',
      metadata: '{"team":"red","aud":"evil"}',
      user: JSON.stringify(lightUser),
    })
    const ofKey = await claimsOf({ version: 'legacy' }, 'key')
    assert.equal(ofKey['iss'], 'Otoroshi')
    assert.deepEqual(own(ofKey), {
      sub: 'apikey:cid',
      name: 'The key',
      user_id: 'cid',
      plan: 'gold',
      email: 'other@x.y',
      metadata: JSON.stringify(key.metadata),
      tags: '["t0"]',
      apikey: JSON.stringify(light),
    })
    assert.deepEqual(own(await claimsOf({ version: 'Legacy' }, 'nobody')), { sub: '--' })
  })
})

describe('the info token of version Url', () => {
  it('is a link', async () => {
    for (const who of ['both', 'key', 'nobody'] as const) {
      const claims = await claimsOf({ version: 'Url' }, who)
      assert.equal(claims['sub'], '--')
      const { pathname, searchParams } = new URL(claims['url'] as string)
      assert.match(pathname, /^\/\.well-known\/otoroshi\/consumers\/[A-Za-z0-9]{16}$/)
      const kind = readJws(searchParams.get('t')!)!.claims['k']
      assert.equal(kind, { both: 'user', key: 'apikey', nobody: 'public' }[who])
      assert.equal(claims['access_type'], undefined)
    }
  })
})

describe('the field', () => {
  it('has the name of the settings and replaces what a client sent', async () => {
    const { backend } = await runPlugin(plugin, {
      config: { header_name: 'X-Who' },
      request: { headers: { 'X-Who': 'me', 'Otoroshi-Claim': 'me' } },
    })
    assert.equal(backend!.headers.getAll('x-who').length, 1)
    assert.ok(readJws(backend!.headers.get('x-who')!))
    assert.equal(backend!.headers.get('otoroshi-claim'), undefined)
  })
})

it('settings that cannot be read are refused', () => {
  for (const [config, fault] of [
    [{ version: 'Newest' }, /version/],
    [{ algo: { type: 'KidAlgoSettings' } }, /algo: there is no key to sign with/],
    [{ header_name: 'a:b' }, /header_name/],
    [{ add_fields: { a: 1 } }, /add_fields/],
    [{ projection: { $jq: '.' } }, /\$jq/],
  ] as const)
    assert.throws(() => setUp(plugin, config), fault, JSON.stringify(config))
})
