import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './basic-auth-caller.ts'

const who = { username: 'Aladdin', password: 'open sesame' }

async function sent(config: object, headers: Fields = {}) {
  const run = await runPlugin(plugin, { config: { ...who, ...config }, request: { headers } })
  return [...run.backend!.headers].filter(([name]) => name !== 'Host')
}

describe('a basic credential for the backend', () => {
  it('is that of RFC 7617 and replaces the one of the client', async () => {
    assert.deepEqual(await sent({}, { authorization: 'Basic client' }), [
      ['Authorization', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ])
  })

  it('is UTF-8', async () => {
    const [field] = await sent({ username: 'test', password: '123\u00a3' })
    assert.equal(field![1], 'Basic dGVzdDoxMjPCow==')
  })

  it('may have a header and a form of its own', async () => {
    const config = { headerName: 'X-Auth', headerValueFormat: '100%% %s;%s' }
    const value = 'QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    assert.deepEqual(await sent(config), [['X-Auth', `100% ${value};${value}`]])
  })

  it('is not made of half a pair: nothing reaches the backend', async () => {
    for (const config of [{}, { username: 'a' }, { password: 'a' }, { username: '', password: 'a' }]) {
      const run = await runPlugin(plugin, { config })
      assert.equal(run.status, 400)
      assert.equal(run.backend, null)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'caller.bad_config')
      assert.deepEqual(JSON.parse(run.text), { error: 'Bad configuration' })
    }
  })

  it('does not start with a name that holds a colon, or no header', () => {
    for (const config of [
      { ...who, username: 'a:b' },
      { ...who, headerName: 'X Y' },
      { ...who, headerValueFormat: 'Basic\n%s' },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
