import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { passingUser } from '../../identity/user.ts'
import { userAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-legacy-apikey-call.ts'

interface Call {
  readonly config?: object
  readonly url?: string
  readonly headers?: Record<string, string>
  readonly user?: boolean
  readonly metadata?: Record<string, string>
}

async function outcome({
  config = {},
  url = '/',
  headers = {},
  user = false,
  metadata = {},
}: Call): Promise<string> {
  const { refusal } = await runPlugin(plugin, {
    config,
    apikeys: [apikey({ clientId: 'id', clientSecret: 'secret', authorizedEntities: ['group_default'] })],
    request: { url, headers },
    route: { metadata },
    before: ({ attributes }) => user && attributes.set(userAttribute, passingUser({ name: 'Ada' })),
  })
  return refusal === null ? 'passes' : refusal.reason
}

const open = { public_patterns: ['/open.*'], private_patterns: ['/open/not.*'] }
const good = { 'Otoroshi-Client-Id': 'id', 'Otoroshi-Client-Secret': 'secret' }
const bad = { ...good, 'Otoroshi-Client-Secret': 'wrong' }

describe('the legacy plugin', () => {
  it('wants a key on paths that are not public', async () => {
    assert.equal(await outcome({}), 'apikey.missing')
    assert.equal(await outcome({ headers: good }), 'passes')
    assert.equal(await outcome({ headers: bad }), 'apikey.bad')
    assert.equal(await outcome({ config: open, url: '/other' }), 'apikey.missing')
    assert.equal(await outcome({ config: open, url: '/open/not/this' }), 'apikey.missing')
  })

  it('wants none on public paths, whatever key comes along', async () => {
    assert.equal(await outcome({ config: open, url: '/open/a' }), 'passes')
    assert.equal(await outcome({ config: open, url: '/open/a', headers: bad }), 'passes')
  })

  it('looks at a key on public paths where the route was made to', async () => {
    const metadata = { 'otoroshi-core-detect-apikey-sooner': 'true' }
    assert.equal(await outcome({ config: open, url: '/open/a', metadata }), 'passes')
    assert.equal(await outcome({ config: open, url: '/open/a', metadata, headers: bad }), 'apikey.bad')
    assert.equal(await outcome({ config: open, url: '/open/a', metadata, headers: good }), 'passes')
  })

  it('takes a user for a key, unless the route is strictly private', async () => {
    assert.equal(await outcome({ user: true }), 'passes')
    const metadata = { 'otoroshi-core-strictly-private': 'true' }
    assert.equal(await outcome({ user: true, metadata }), 'apikey.missing')
    assert.equal(await outcome({ user: true, metadata, headers: good }), 'passes')
  })

  it('keeps the credentials of keys from the backend', async () => {
    const run = await runPlugin(plugin, {
      config: open,
      apikeys: [apikey({ clientId: 'id', clientSecret: 'secret', authorizedEntities: ['group_default'] })],
      request: { url: '/open', headers: { Authorization: `Basic ${btoa('id:secret')}` } },
    })
    assert.equal(run.backend?.headers.has('authorization'), false)
  })

  it('refuses patterns that cannot be read, and says which', () => {
    assert.throws(() => setUp(plugin, { public_patterns: ['a', '('] }), /public_patterns\.1: Invalid pattern/)
  })
})
