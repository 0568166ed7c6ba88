import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newTraceId, readTraceParent, readTraceState, writeTraceParent } from './trace-context.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

describe('traceparent', () => {
  it('is read and written', () => {
    for (const [flags, sampled] of [
      ['00', false],
      ['01', true],
    ] as const) {
      const text = `00-${traceId}-${spanId}-${flags}`
      assert.deepEqual(readTraceParent([text]), { traceId, spanId, sampled })
      assert.equal(writeTraceParent(readTraceParent([` ${text}\t`])!), text)
    }
  })

  it('hands only the flag on that is known', () => {
    assert.equal(writeTraceParent(readTraceParent([`00-${traceId}-${spanId}-ff`])!).slice(-2), '01')
    assert.equal(writeTraceParent(readTraceParent([`00-${traceId}-${spanId}-fe`])!).slice(-2), '00')
  })

  it('of a later version is read as far as it is known', () => {
    for (const more of ['', '-', '-what-comes'])
      assert.deepEqual(readTraceParent([`cc-${traceId}-${spanId}-01${more}`]), {
        traceId,
        spanId,
        sampled: true,
      })
    assert.equal(readTraceParent([`cc-${traceId}-${spanId}-01.x`]), null)
  })

  it('is nothing when it is not valid', () => {
    const good = `00-${traceId}-${spanId}-01`
    for (const bad of [
      [],
      [''],
      [good, good],
      [`ff-${traceId}-${spanId}-01`],
      [`${good}-more`],
      [`${good}-`],
      [good.toUpperCase()],
      [`0-${traceId}-${spanId}-01`],
      [`00-${'0'.repeat(32)}-${spanId}-01`],
      [`00-${traceId}-${'0'.repeat(16)}-01`],
      [`00-${traceId.slice(1)}-${spanId}-01`],
      [`00-${traceId}g-${spanId}-01`],
      [`00-${traceId}-${spanId}-1`],
      [`00-${traceId}-${spanId}-0g`],
      [`00_${traceId}_${spanId}_01`],
      [`${good}, ${good}`],
    ])
      assert.equal(readTraceParent(bad), null, JSON.stringify(bad))
  })

  it('gets new ids that are never zero and never the same', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => newTraceId(16)))
    assert.equal(ids.size, 1000)
    for (const id of ids) assert.match(id, /^[\da-f]{32}$/)
    assert.match(newTraceId(8), /^[\da-f]{16}$/)
  })
})

describe('tracestate', () => {
  it('is one list, whatever fields it came in', () => {
    assert.equal(readTraceState(['a=1 , b@c=2', '', '\t', 'd/e*f-g_h=3 4']), 'a=1,b@c=2,d/e*f-g_h=3 4')
    assert.equal(readTraceState(['1t@v=x', 'a=!"#~']), '1t@v=x,a=!"#~')
    assert.equal(readTraceState([`${'a'.repeat(256)}=${'x'.repeat(256)}`])?.length, 513)
  })

  it('keeps the first of members with the same key', () => {
    assert.equal(readTraceState(['a=1,b=2', 'a=3']), 'a=1,b=2')
  })

  it('has at most 32 members', () => {
    const members = Array.from({ length: 33 }, (_, at) => `k${at}=v`)
    assert.equal(readTraceState([members.slice(1).join(',')]), members.slice(1).join(','))
    assert.equal(readTraceState([members.join(',')]), null)
  })

  it('is nothing when it is empty or a member is broken', () => {
    for (const bad of [
      '',
      ',,',
      'a',
      '=1',
      'a=',
      'A=1',
      '1a=1',
      'a b=1',
      'a@1b=1',
      'a@b@c=1',
      'a==1',
      'a=\x7f',
      'a=é',
      'ok=1,a',
      `${'a'.repeat(257)}=1`,
      `a=${'x'.repeat(257)}`,
      `a@${'b'.repeat(15)}=1`,
    ])
      assert.equal(readTraceState([bad]), null, bad)
  })
})
