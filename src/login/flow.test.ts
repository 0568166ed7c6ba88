import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest, Flows, isSecret, type LoginFlow, newSecret } from './flow.ts'

const secret = newSecret()
const flow: LoginFlow = {
  side: 'user',
  module: 'm',
  route: 'r',
  to: 'https://app.test/',
  browser: digest(secret),
  start: '',
  nonce: 'n',
  own: { verifier: 'v' },
}

test('a state goes on in the browser that began it, for a quarter of an hour', () => {
  let now = 0
  const flows = new Flows('secret', () => now)
  const text = flows.seal(flow)
  assert.deepEqual(flows.open(text, secret), flow)
  assert.equal(flows.open(text, newSecret()), null)
  assert.equal(flows.open(text, undefined), null)
  now = 15 * 60_000
  assert.equal(flows.open(text, secret), null)
})

test('any instance with the secret goes on with it, others do not', () => {
  const text = new Flows('secret').seal(flow)
  assert.deepEqual(new Flows('secret').open(text, secret), flow)
  assert.equal(new Flows('another').open(text, secret), null)
})

test('a state is no link, and a link no state; a link lasts a minute and is never twice the same', () => {
  let now = 0
  const flows = new Flows('secret', () => now)
  const handover = { session: 's', module: 'm', to: 'https://app.test/', start: 'x' }
  const link = flows.sealLink(handover)
  assert.equal(flows.openLink(flows.seal(flow)), null)
  assert.equal(flows.open(link, secret), null)
  const { nonce, ...found } = flows.openLink(link)!
  assert.deepEqual(found, handover)
  assert.notEqual(flows.openLink(flows.sealLink(handover))!.nonce, nonce)
  now = 60_000
  assert.equal(flows.openLink(link), null)
})

test('a secret of ours has a form that others need not have', () => {
  assert.ok(isSecret(newSecret()))
  for (const other of [undefined, '', 'x', `${newSecret()}x`, newSecret().replace(/^./, '=')])
    assert.ok(!isSecret(other))
})
