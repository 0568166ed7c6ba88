import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isInForce } from './certificate-life.ts'

test('a certificate is in force between its dates, unless it is revoked or unreadable', t => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null']
  const made = spawnSync('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=x'])
  if (made.status !== 0) return t.skip('openssl is not installed')
  const chain = String(made.stdout)
  const { validFromDate: from, validToDate: to } = new X509Certificate(chain)
  assert.equal(isInForce({ chain, revoked: false }, from.getTime()), true)
  assert.equal(isInForce({ chain, revoked: true }, from.getTime()), false)
  assert.equal(isInForce({ chain, revoked: false }, from.getTime() - 1), false)
  assert.equal(isInForce({ chain, revoked: false }, to.getTime()), false)
  assert.equal(
    isInForce({ chain: chain.replace(/\n[A-Za-z]{4}/, '\n????'), revoked: false }, from.getTime()),
    false,
  )
  const bare = String(
    generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).publicKey,
  )
  assert.equal(isInForce({ chain: bare, revoked: false }, 0), true)
})
