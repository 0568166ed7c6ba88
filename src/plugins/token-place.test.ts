import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from '../schema/index.ts'
import { HeaderBlock } from '../http/headers.ts'
import type { BackendRequest } from '../plugin/index.ts'
import { clientRequest } from '../plugin/testing.ts'
import { bearerPlace, placeSettings, type PlaceSettings, tokenPlace } from './token-place.ts'

const upstream = (path: string, headers: Record<string, string>): BackendRequest => ({
  method: 'GET',
  path,
  headers: HeaderBlock.from(Object.entries(headers)),
  body: undefined as never,
})

/** What is read there, and what is left and written. */
function at(settings: PlaceSettings, url: string, headers: Record<string, string> = {}) {
  const place = tokenPlace(settings)
  const wiped = upstream(url, headers)
  place.wipe(wiped)
  const written = upstream(url, headers)
  place.write(written, 'T.O-K_')
  const shown = ({ path, headers: fields }: BackendRequest): string => {
    const cookie = fields.get('cookie')
    return cookie === undefined ? path : `${path} ${cookie}`
  }
  return {
    read: place.read(clientRequest({ url, headers }, true)),
    wiped: shown(wiped),
    written: shown(written),
  }
}

test('a parameter is found in every spelling, and all of it is taken away', () => {
  const settings = { type: 'InQueryParam', name: 'to ken' } as const
  assert.deepEqual(at(settings, '/p?a=1&to%20ken=x&to+ken=y%2B&b=2'), {
    read: ['x', 'y+'],
    wiped: '/p?a=1&b=2',
    written: '/p?a=1&b=2&to%20ken=T.O-K_',
  })
  assert.deepEqual(at(settings, '/p'), { read: [], wiped: '/p', written: '/p?to%20ken=T.O-K_' })
  assert.deepEqual(at(settings, '/p?to+ken='), { read: [], wiped: '/p', written: '/p?to%20ken=T.O-K_' })
})

test('a cookie is found among others, and they stay as they are', () => {
  const settings = { type: 'InCookie', name: 'c' } as const
  const headers = { Cookie: 'a=1; c="x"; cc=2;c=y; d' }
  assert.deepEqual(at(settings, '/', headers), {
    read: ['x', 'y'],
    wiped: '/ a=1; cc=2; d',
    written: '/ a=1; cc=2; d; c=T.O-K_',
  })
  assert.deepEqual(at(settings, '/'), { read: [], wiped: '/', written: '/ c=T.O-K_' })
  assert.equal(at(settings, '/', { Cookie: 'c=x' }).wiped, '/')
})

describe('a header', () => {
  test('holds a token behind the prefix, or alone', () => {
    const place = tokenPlace({ type: 'InHeader', name: 'X-T', remove: 'Bearer ' })
    const read = (value: string): readonly string[] =>
      place.read(clientRequest({ headers: { 'X-T': value } }, true))
    assert.deepEqual(read('bEARER  t '), ['t'])
    assert.deepEqual(read('t'), ['t'])
    assert.deepEqual(read('Bearer'), ['Bearer'])
    assert.deepEqual(read(''), [])
    const written = upstream('/', { 'x-t': 'old' })
    place.write(written, 'new')
    assert.deepEqual(written.headers.getAll('x-t'), ['Bearer new'])
  })

  test('Authorization holds one only as a bearer', () => {
    const read = (value: string): readonly string[] =>
      bearerPlace.read(clientRequest({ headers: { Authorization: value } }, true))
    assert.deepEqual(read('bearer t'), ['t'])
    assert.deepEqual(read('Basic dDp0'), [])
    assert.deepEqual(read('t'), [])
  })
})

test('places that cannot be are refused', () => {
  for (const settings of [
    { type: 'InHeader', name: 'a b' },
    { type: 'InHeader', name: 'a', remove: 'ü€' },
    { type: 'InCookie', name: 'a=b' },
  ] as const)
    assert.throws(() => tokenPlace(settings))
  for (const json of [
    { type: 'InBody', name: 'a' },
    { type: 'InHeader', name: '' },
    { type: 'InHeader', name: 'a', remove: 'b\n' },
  ])
    assert.equal(parse(placeSettings, json).ok, false)
})
