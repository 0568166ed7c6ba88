import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { jwtVerifier as verifierKind } from '../model/kinds/jwt-verifier.ts'
import { type AlgoSettings, algoSettingsSchema } from '../model/types/algo-settings.ts'
import { outgoingCalls } from '../plugin/testing.ts'
import { parse } from '../schema/index.ts'
import { JwtRoom } from './jwt-room.ts'

const settings = (json: object): AlgoSettings => {
  const parsed = parse(algoSettingsSchema, json)
  assert.ok(parsed.ok)
  return parsed.value
}
const hs = (secret: string) => settings({ type: 'HSAlgoSettings', size: 256, secret })
const jwks = (more: object = {}) =>
  settings({
    type: 'JWKSAlgoSettings',
    url: 'https://keys.test/?secret=1',
    headers: { 'X-Key': 'k' },
    ...more,
  })

const texts: Record<string, string> = {}
const words: Record<string, string> = {
  '${env.A}': 'value of A',
  '${env.B}': 'no-env-var-B',
  '${nothing}': 'bad-expr',
  '${bad': '${bad',
}

function room(answer: Parameters<typeof outgoingCalls>[0] = () => ({ body: '{"keys":[]}' })) {
  const calls = outgoingCalls(answer)
  const logged: string[] = []
  const made = new JwtRoom({
    verifier: id => texts[id],
    pairs: { find: () => null, signingKey: () => null },
    calls,
    text: written => words[written] ?? written,
    log: (_level, message) => logged.push(message),
  })
  return { room: made, asked: calls.asked, logged }
}

test('a verifier is the same object until it changes', () => {
  const { room: made } = room()
  const stored = { ...verifierKind.template('v'), name: 'one' }
  assert.equal(made.verifier('v'), null)
  texts['v'] = JSON.stringify(stored)
  const found = made.verifier('v')!
  assert.equal(found.name, 'one')
  assert.equal(made.verifier('v'), found)
  texts['v'] = JSON.stringify({ ...stored, name: 'two' })
  made.forget('v')
  assert.equal(made.verifier('v')!.name, 'two')
  texts['v'] = '{"id":"v"}'
  made.forget('v')
  assert.equal(made.verifier('v'), null, 'one that cannot be read is none')
})

describe('keys of settings', () => {
  test('are shared by equal ones of one organization', () => {
    const { room: made } = room()
    assert.equal(made.keys(hs('a'), 'x'), made.keys(hs('a'), 'x'))
    assert.notEqual(made.keys(hs('a'), 'x'), made.keys(hs('b'), 'x'))
    assert.notEqual(made.keys(hs('a'), 'x'), made.keys(hs('a'), 'y'))
  })

  test('take their secret from an expression that has a value, and are none otherwise', () => {
    const { room: made } = room()
    const secret = (written: string): string | undefined =>
      made.keys(hs(written), 'x').signing()?.key.export().toString()
    assert.equal(secret('${env.A}'), 'value of A')
    assert.equal(secret('plain ${env.A}'), 'plain ${env.A}')
    assert.equal(secret('no-secret'), 'no-secret')
    assert.equal(secret('${env.A}-${env.A}'), 'value of A-value of A')
    for (const none of ['${env.B}', '${nothing}', '${bad', '', '${env.A}-${env.B}'])
      assert.equal(secret(none), undefined, none)
  })

  test('of a server are fetched once, as the settings say, whoever asks', async () => {
    const { room: made, asked } = room()
    const hint = { alg: 'RS256', kid: 'a' }
    await Promise.all(['x', 'y'].map(tenant => made.keys(jwks(), tenant).verifying(hint)))
    await made.keys(jwks({ kty: 'EC' }), 'x').verifying({ alg: 'ES256', kid: 'a' })
    // The second is for the name nobody knows.
    assert.equal(asked.length, 2)
    const { method, url, headers, timeout } = asked[0]!
    assert.deepEqual([method, url, timeout], ['GET', 'https://keys.test/?secret=1', 2000])
    assert.ok(headers!.some(([name, value]) => name === 'X-Key' && value === 'k'))
    await made.keys(jwks({ headers: { 'X-Key': 'other' } }), 'x').verifying(hint)
    assert.ok(asked.length > 2, 'another header may get other keys')
  })

  test('that cannot be fetched are logged by server, without the query', async () => {
    const { room: made, logged } = room(() => ({ status: 404 }))
    await made.keys(jwks(), 'x').verifying({ alg: 'RS256', kid: 'a' })
    assert.deepEqual(logged, ['keys of https://keys.test could not be fetched: the server answered 404'])
  })
})

test('a token is judged with them', async () => {
  const { room: made } = room()
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256' })}.${part({ sub: 'a' })}`
  const token = `${text}.${createHmac('sha256', 'value of A').update(text).digest('base64url')}`
  assert.ok((await made.verified.verify(token, made.keys(hs('${env.A}'), 'x'), Date.now())).ok)
  assert.equal((await made.verified.verify(token, made.keys(hs('other'), 'x'), Date.now())).ok, false)
})
