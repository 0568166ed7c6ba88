import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskedFields, maskedTarget, maskFieldsNamed } from './masked-fields.ts'

const shown = (name: string, value: string): string => maskedFields([[name, value]])[0]!.value

test('parameters that are credentials are masked, however their names are written', () => {
  for (const [target, wanted] of [
    ['/a?pappsToken=secret&b=1', '/a?pappsToken=***&b=1'],
    ['/a?b=1&PAPPSTOKEN=secret#x', '/a?b=1&PAPPSTOKEN=***#x'],
    ['/a?papps%54oken=secret', '/a?papps%54oken=***'],
    ['/a?b=%20&%61ccess_token=secret&c=d', '/a?b=%20&%61ccess_token=***&c=d'],
    ['/a?x%=1&id_token_hint=ey.ey.x', '/a?x%=1&id_token_hint=***'],
    ['/a?tokens=shown&my_access_token=shown', '/a?tokens=shown&my_access_token=shown'],
    ['/a%3FpappsToken=shown', '/a%3FpappsToken=shown'],
  ] as const)
    assert.equal(maskedTarget(target), wanted)
})

test('a long query with escapes takes no long time', () => {
  const start = performance.now()
  for (const query of [`${'%41'.repeat(5000)}${'&a%'.repeat(5000)}`, '%'.repeat(16_380), '%20'.repeat(5000)])
    maskedTarget(`/?${query}`)
  assert.ok(performance.now() - start < 100)
})

test('addresses in fields are shown without credentials, other fields as they are', () => {
  const link = 'https://app.test/?pappsToken=secret&a=1'
  for (const name of ['Referer', 'referer', 'Location', 'Content-Location'])
    assert.equal(shown(name, link), 'https://app.test/?pappsToken=***&a=1', name)
  assert.equal(shown('X-Link', link), link)
  for (const name of ['Authorization', 'cookie', 'X-OIDC-Access-Token', 'Otoroshi-Token'])
    assert.equal(shown(name, 'secret'), '***', name)
  assert.equal(shown('Accept', 'x'), 'x')
})

test('fields of the settings are masked as well', () => {
  assert.equal(shown('X-Our-Bearer-Of-Long-Name-And-More', 's'), 's')
  maskFieldsNamed(['X-Our-Bearer-Of-Long-Name-And-More', ''])
  assert.equal(shown('x-our-bearer-of-long-name-and-more', 's'), '***')
})
