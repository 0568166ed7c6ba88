import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BodyTransform } from '../../plugin/contract.ts'
import { BodyTooLarge, MessageBody } from './message-body.ts'

/** A body of chunks; counts how often it was opened. */
function bodyOf(...chunks: string[]): { body: MessageBody; opened: () => number } {
  let opened = 0
  const body = new MessageBody(-1, reader => {
    opened++
    for (const chunk of chunks) reader.data(Buffer.from(chunk))
    reader.end(null)
  })
  return { body, opened: () => opened }
}

/** What comes out, and how it ended. */
function sent(body: MessageBody): { text: string; ends: string[] } {
  let text = ''
  const ends: string[] = []
  body.flow({
    data: chunk => {
      text += chunk.toString()
      return true
    },
    end: () => ends.push('end'),
    error: error => ends.push(error.message),
  })
  return { text, ends }
}

const upper = (): BodyTransform => ({
  push: chunk => Buffer.from(chunk.toString().toUpperCase()),
  end: () => Buffer.from('.'),
})

/** Passes `count` chunks on and is done with the last of them. */
function chunks(count: number): BodyTransform {
  let left = count
  return {
    push: chunk => (left-- > 0 ? chunk : null),
    end: () => null,
    get done() {
      return left <= 0
    },
  }
}

describe('a body', () => {
  it('is read as the transformations before made it, and sent as it was read', async () => {
    const { body, opened } = bodyOf('ab', 'cd')
    body.transform(upper())
    assert.equal((await body.read(10)).toString(), 'ABCD.')
    assert.equal((await body.read(10)).toString(), 'ABCD.')
    assert.deepEqual(sent(body), { text: 'ABCD.', ends: ['end'] })
    assert.equal(body.length, 5)
    assert.equal(opened(), 1)
  })

  it('that was read and then transformed is read transformed', async () => {
    const { body } = bodyOf('ab')
    assert.equal((await body.read(10)).toString(), 'ab')
    body.transform(upper())
    assert.equal((await body.read(10)).toString(), 'AB.')
    body.replace('new')
    body.transform(upper())
    assert.equal((await body.read(10)).toString(), 'NEW.')
  })

  it('is never read beyond the limit, transformed or not', async () => {
    await assert.rejects(bodyOf('abc', 'def').body.read(5), BodyTooLarge)
    const grown = bodyOf('abcde').body
    grown.transform(upper())
    await assert.rejects(grown.read(5), BodyTooLarge)
    const declared = new MessageBody(6, () => assert.fail('opened for nothing'))
    await assert.rejects(declared.read(5), BodyTooLarge)
  })

  it('ends once, with the error of a transformation', async () => {
    const fails = (): BodyTransform => ({
      push: () => {
        throw new BodyTooLarge(1)
      },
      end: () => null,
    })
    const streamed = bodyOf('ab', 'cd').body
    streamed.transform(fails())
    assert.deepEqual(sent(streamed), { text: '', ends: ['the body is longer than 1 bytes'] })
    const read = bodyOf('ab', 'cd').body
    read.transform(fails())
    await assert.rejects(read.read(100), BodyTooLarge)
  })

  it('ends once and early when a transformation is done, with what later ones still hold', () => {
    const { body } = bodyOf('a', 'b', 'c', 'd')
    body.transform(chunks(2))
    body.transform(upper())
    assert.deepEqual(sent(body), { text: 'AB.', ends: ['end'] })
  })

  it('starts again from what was received when it is rewound', async () => {
    const { body, opened } = bodyOf('ab', 'cd')
    await body.read(10)
    for (let attempt = 0; attempt < 3; attempt++) {
      body.rewind()
      assert.equal((await body.read(10)).toString(), 'abcd')
      body.transform(chunks(1), 2)
      assert.equal(body.length, 2)
      assert.equal(body.repeatable, true)
      body.replace('other')
    }
    assert.equal(opened(), 1)
  })

  it('cannot be had again once it flowed, or was read through a transformation', async () => {
    const flowed = bodyOf('ab').body
    sent(flowed)
    assert.equal(flowed.repeatable, false)
    const read = bodyOf('ab').body
    read.transform(upper())
    await read.read(10)
    assert.equal(read.repeatable, false)
    const replaced = bodyOf('ab').body
    replaced.replace('x')
    replaced.rewind()
    assert.equal(replaced.repeatable, true)
    assert.deepEqual(sent(replaced), { text: 'ab', ends: ['end'] })
  })
})
