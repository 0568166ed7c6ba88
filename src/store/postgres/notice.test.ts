import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { piecesOf, readNotice } from './notice.ts'

const instance = '0b81f9f4-6a3c-4d55-9f3e-0c1d2e3f4a5b'
const version = '4294967295'

test('whatever is told is heard, in pieces that NOTIFY takes', () => {
  const keys = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 2000 }), { maxLength: 30 })
  fc.assert(
    fc.property(keys, keys, (written, removed) => {
      const heard = { written: [] as string[], removed: [] as string[], untold: false }
      for (const piece of piecesOf(instance, written, removed)) {
        const text = `${version} ${piece}`
        assert.ok(Buffer.byteLength(text) < 8000, `${Buffer.byteLength(text)} bytes`)
        const notice = readNotice(text)
        assert.ok(notice !== null && notice.instance === instance && notice.version === version)
        if (notice.written === null || notice.removed === null) heard.untold = true
        heard.written.push(...(notice.written ?? []))
        heard.removed.push(...(notice.removed ?? []))
      }
      if (heard.untold)
        return assert.ok(heard.written.length + heard.removed.length < written.length + removed.length)
      assert.deepEqual(heard, { written, removed, untold: false })
    }),
  )
})

test('a commit of nothing is told to nobody', () => {
  assert.deepEqual(piecesOf(instance, [], []), [])
})

test('what is no notice is none', () => {
  for (const text of [
    '',
    'x',
    '1',
    '1 x',
    '1 x {}',
    '1 x [[],[],[]]',
    '1 x [[null],[]]',
    '-1 x [[],[]]',
    '1 x [[],[]',
    '1  [[],[]]',
  ])
    assert.equal(readNotice(text), null, text)
})
