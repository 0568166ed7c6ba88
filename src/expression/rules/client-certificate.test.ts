import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distinguishedName } from './client-certificate.ts'

test('names are the same in whatever order the certificate has them', () => {
  assert.equal(distinguishedName('C=FR\nO=Maif\nCN=leaf'), 'O=Maif, CN=leaf, C=FR')
  assert.equal(distinguishedName('cn=leaf\nO=Maif\nC=FR'), 'O=Maif, CN=leaf, C=FR')
  assert.equal(distinguishedName('OU=a\nOU=b'), 'OU=a, OU=b')
  assert.equal(distinguishedName(''), '')
})
