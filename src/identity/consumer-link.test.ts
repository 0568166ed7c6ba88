import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerLinks } from './consumer-link.ts'
import { legacyCipher } from './seal.ts'

const SECRET = 'verysecretvaluethatyoumustoverwrite'
const links = new ConsumerLinks(SECRET)
const NOW = 1_800_000_000

function partsOf(link: string): { random: string; token: string } {
  const { pathname, searchParams } = new URL(link)
  return { random: pathname.split('/').at(-1)!, token: searchParams.get('t')! }
}

test('a link leads to the consumer it was made for, until its end', () => {
  const link = links.make('http://otoroshi-api.oto.tools:8080', { kind: 'apikey', id: 'key é' }, 30, NOW)
  assert.match(
    link,
    /^http:\/\/otoroshi-api\.oto\.tools:8080\/\.well-known\/otoroshi\/consumers\/[A-Za-z0-9]{16}\?t=/,
  )
  const { random, token } = partsOf(link)
  assert.deepEqual(links.read(random, token, NOW), { kind: 'apikey', id: 'key é' })
  assert.deepEqual(links.read(random, token, NOW + 40), { kind: 'apikey', id: 'key é' })
  assert.equal(links.read(random, token, NOW + 41), null)
})

test('the token has the claims that upstream reads', () => {
  const { random, token } = partsOf(links.make('http://x', { kind: 'user', id: 'session' }, 30, NOW))
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
  const { seal } = legacyCipher(SECRET)
  assert.deepEqual(claims, { k: 'user', i: seal('session'), r: seal(random), iat: NOW, exp: NOW + 30 })
})

test('nothing else leads anywhere', () => {
  const made = partsOf(links.make('http://x', { kind: 'apikey', id: 'a' }, 30, NOW))
  const other = partsOf(links.make('http://x', { kind: 'apikey', id: 'b' }, 30, NOW))
  const nobody = partsOf(links.make('http://x', { kind: 'public', id: '--' }, 30, NOW))
  const foreign = partsOf(new ConsumerLinks('other').make('http://x', { kind: 'apikey', id: 'a' }, 30, NOW))
  const [head, , signature] = made.token.split('.')
  const forged = `${head}.${other.token.split('.')[1]}.${signature}`
  for (const [random, token] of [
    [other.random, made.token],
    ['', made.token],
    [made.random, forged],
    [foreign.random, foreign.token],
    [nobody.random, nobody.token],
    [made.random, ''],
    [made.random, 'a.b.c'],
  ] as const)
    assert.equal(links.read(random, token, NOW), null)
})
