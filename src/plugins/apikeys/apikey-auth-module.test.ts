import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './apikey-auth-module.ts'

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

interface Call {
  readonly config?: object
  readonly key?: object
  readonly authorization?: string
  readonly method?: string
}

const call = ({ config = {}, key = {}, authorization, method = 'GET' }: Call) =>
  runPlugin(plugin, {
    config,
    apikeys: [
      apikey({ clientId: 'id', clientSecret: 'secret', authorizedEntities: ['group_default'], ...key }),
    ],
    request: { method, headers: authorization === undefined ? {} : { Authorization: authorization } },
  })

async function status(of: Call): Promise<number> {
  const run = await call(of)
  assert.equal(run.status === 200, run.backend !== null)
  assert.equal(run.status === 200, run.attributes.get(apikeyAttribute) !== undefined)
  return run.status
}

const good = basic('id:secret')

describe('basic authentication with keys', () => {
  it('lets the key in and leaves it for others', async () => {
    const run = await call({ authorization: good })
    assert.equal(run.status, 200)
    assert.equal(run.attributes.get(apikeyAttribute)?.clientId, 'id')
  })

  it('asks again in the words of upstream', async () => {
    for (const authorization of [
      undefined,
      'Bearer x',
      basic('id:wrong'),
      basic('other:secret'),
      basic('id:'),
    ]) {
      const config = { realm: 'a "b"' }
      const run = await call(authorization === undefined ? { config } : { config, authorization })
      assert.equal(run.status, 401, String(authorization))
      assert.equal(run.text, '<h3>not authorized</h3>')
      assert.equal(run.headers.get('www-authenticate'), 'Basic realm="a \\"b\\""')
      assert.equal(run.headers.get('otoroshi-error-reason'), 'apikey.login_needed')
    }
    const run = await call({ authorization: 'Basic !!!' })
    assert.equal(run.status, 403)
    assert.equal(run.text, '<h3>forbidden</h3>')
    assert.equal(run.headers.get('www-authenticate'), 'Basic realm="apikey-auth-module-realm"')
  })

  it('takes no key that is disabled, expired or granted elsewhere only', async () => {
    assert.equal(await status({ authorization: good, key: { enabled: false } }), 401)
    assert.equal(await status({ authorization: good, key: { validUntil: 1 } }), 401)
    assert.equal(await status({ authorization: good, key: { authorizedEntities: ['route_other'] } }), 401)
    const next = { rotation: { enabled: true, nextSecret: 'next' } }
    assert.equal(await status({ authorization: basic('id:next'), key: next }), 200)
    assert.equal(await status({ authorization: basic('id:next') }), 401)
  })

  it('holds keys to what they may do', async () => {
    assert.equal(await status({ authorization: good, key: { readOnly: true }, method: 'POST' }), 405)
    const restrictions = { enabled: true, notFound: [{ method: '*', path: '/.*' }] }
    assert.equal(await status({ authorization: good, key: { restrictions } }), 404)
  })

  it('narrows which keys fit, in either spelling', async () => {
    for (const matcher of [{ oneTagIn: ['a'] }, { one_tag_in: ['a'] }]) {
      assert.equal(await status({ config: { matcher }, authorization: good, key: { tags: ['a'] } }), 200)
      assert.equal(await status({ config: { matcher }, authorization: good }), 401)
    }
    assert.equal(await status({ config: { matcher: {} }, authorization: good }), 200)
    assert.throws(() => setUp(plugin, { matcher: { oneTagIn: 'a' } }), /oneTagIn/)
  })

  it('never lets a realm break out of its field', async () => {
    const run = await call({ config: { realm: 'x\r\nSet-Cookie: a=b' } })
    assert.equal(run.headers.get('www-authenticate'), 'Basic realm="x Set-Cookie: a=b"')
    assert.equal(run.headers.has('set-cookie'), false)
  })
})
