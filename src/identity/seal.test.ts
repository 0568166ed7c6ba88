import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { legacyCipher, Seal, Signer } from './seal.ts'

test('a signature is the HMAC of upstream, and only its own text has it', () => {
  const signer = new Signer('secret')
  const wanted = createHmac('sha256', 'secret').update('desc=a&redirect=b').digest('hex')
  assert.equal(signer.sign('desc=a&redirect=b'), wanted)
  assert.ok(signer.verifies('desc=a&redirect=b', wanted))
  assert.ok(!signer.verifies('desc=a&redirect=c', wanted))
  assert.ok(!signer.verifies('desc=a&redirect=b', wanted.slice(1)))
  assert.ok(!new Signer('other').verifies('desc=a&redirect=b', wanted))
})

test('a signed id is read back, and no other', () => {
  const signer = new Signer('secret')
  const signed = signer.signedId('abc')
  assert.equal(signed, `${signer.sign('abc')}::abc`)
  assert.equal(signer.idIn(signed), 'abc')
  for (const other of [
    `${signer.sign('abd')}::abc`,
    '::abc',
    'abc',
    '',
    `${signed}x`,
    signed.replace('::', ':'),
  ])
    assert.equal(signer.idIn(other), null, other)
})

test('what is sealed is opened for the same use, in time, and unchanged', () => {
  const seal = new Seal('secret', 'state')
  const text = seal.close({ a: [1, 'ü'] }, 1000)
  assert.match(text, /^[A-Za-z0-9_-]+$/)
  assert.deepEqual(seal.open(text, 999), { a: [1, 'ü'] })
  assert.equal(seal.open(text, 1000), null, 'too old')
  assert.equal(new Seal('secret', 'link').open(text, 1), null, 'another use')
  assert.equal(new Seal('other', 'state').open(text, 1), null, 'another secret')
  assert.notEqual(seal.close({ a: 1 }, 1000), seal.close({ a: 1 }, 1000))
  for (let at = 0; at < text.length; at += 7) {
    const other = text[at] === 'A' ? 'B' : 'A'
    assert.equal(seal.open(text.slice(0, at) + other + text.slice(at + 1), 1), null, `changed at ${at}`)
  }
  for (const junk of ['', 'A', '%%%', 'A'.repeat(40_000)]) assert.equal(seal.open(junk, 1), null)
})

test('the old cipher is AES in upstream’s form', () => {
  const cipher = legacyCipher('short')
  // AES-128-ECB of `hello` under `short00000000000`.
  const sealed = cipher.seal('hello')
  assert.match(sealed, /^[A-Za-z0-9_-]+={0,2}$/)
  assert.equal(sealed.length, 24)
  assert.equal(cipher.unseal(sealed), 'hello')
  assert.equal(legacyCipher('short000').unseal(sealed), 'hello', 'padded with 0')
  assert.equal(legacyCipher('other').unseal(sealed), null)
  assert.equal(cipher.unseal('***'), null)
})
