import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputTokenAttribute, userAttribute } from '../../plugin/index.ts'
import { jwtServices, type PluginRun, runPlugin } from '../../plugin/testing.ts'
import { token, verifier } from '../testing/tokens.ts'
import plugin from './ng-jwt-user-extractor.ts'

const exp = Math.floor(Date.now() / 1000) + 60
const claims = { sub: 's', exp, name: 'Ada', email: 'ada@x.test', who: { name: 'Deep', data: { a: 1 } } }

const call = (config: object, text: string | null = token(claims), entity = verifier()): Promise<PluginRun> =>
  runPlugin(plugin, {
    config: { verifier: 'v', ...config },
    services: { jwt: jwtServices({ verifiers: { v: entity } }) },
    request: { headers: text === null ? {} : { 'X-JWT-Token': text } },
  })

test('the bearer is the user', async () => {
  const text = token(claims)
  const { attributes } = await call({}, text)
  const user = attributes.get(userAttribute)!
  assert.deepEqual([user.name, user.email, user.realm], ['Ada', 'ada@x.test', 'JwtUserExtractor@route_test'])
  assert.deepEqual(user.profile, claims)
  assert.deepEqual(user.token, { jwt: text, payload: claims })
  assert.equal(user.expiredAt, exp * 1000)
  assert.equal(attributes.get(inputTokenAttribute)!.raw, text)
})

test('the settings say where things are, in both spellings', async () => {
  for (const paths of [
    { namePath: 'who.name', emailPath: 'sub', metaPath: 'who.data' },
    { name_path: 'who.name', email_path: 'sub', meta_path: 'who.data' },
  ]) {
    const user = (await call({ ...paths, strip: true })).attributes.get(userAttribute)!
    assert.deepEqual([user.name, user.email, user.otoroshiData], ['Deep', 's', { a: 1 }])
    assert.deepEqual(Object.keys(user.profile), ['name', 'email', 'who'])
  }
  const nobody = (await call({ name_path: 'none', email_path: 'who' })).attributes.get(userAttribute)!
  assert.deepEqual([nobody.name, nobody.email], ['--', '--'])
})

test('without a good token nobody passes, or everybody without user', async () => {
  const lax = verifier({ strict: false })
  for (const [text, entity] of [
    [null, verifier()],
    [null, lax],
    [token(claims, 'forged'), verifier()],
    ['x', lax],
  ] as const) {
    const run = await call({}, text, entity)
    assert.equal(run.status, 401)
    assert.deepEqual(JSON.parse(run.text), {
      error: 'unauthorized',
      error_description: 'You have to provide a valid user',
    })
    const passed = await call({ strict: false }, text, entity)
    assert.equal(passed.status, 200)
    assert.equal(passed.attributes.get(userAttribute), undefined)
  }
  assert.equal((await call({ verifier: 'none' })).status, 401)
  assert.equal((await runPlugin(plugin, {})).status, 401)
})
