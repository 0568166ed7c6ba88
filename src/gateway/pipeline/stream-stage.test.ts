import assert from 'node:assert/strict'
import { PassThrough, Transform } from 'node:stream'
import { describe, it } from 'node:test'
import zlib from 'node:zlib'
import type { BodyReader } from '../../http/index.ts'
import { refuse } from '../../plugin/answer.ts'
import { BodyFault } from '../../plugin/body-fault.ts'
import { BodyTooLarge } from '../../plugin/body-too-large.ts'
import type { BodyStream } from '../../plugin/contract.ts'
import { MessageBody } from './message-body.ts'

/** A sender that stops when it is told to, and counts how often. Its pieces are overwritten once they were given. */
function sender(pieces: readonly string[]) {
  const facts = { stopped: 0, given: 0 }
  const body = new MessageBody(-1, reader => {
    const pour = (): void => {
      while (facts.given < pieces.length) {
        const piece = Buffer.from(pieces[facts.given++]!)
        const more = reader.data(piece)
        piece.fill(0)
        if (more) continue
        facts.stopped++
        return
      }
      if (facts.given++ === pieces.length) reader.end(null)
    }
    pour()
    return pour
  })
  return { body, facts }
}

/** Takes everything; `after`: stops after each piece until `resume`. */
function receive(body: MessageBody, stops = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const reader: BodyReader = {
      data(chunk) {
        chunks.push(Buffer.from(chunk))
        if (stops) setImmediate(() => body.resume())
        return !stops
      },
      end: () => resolve(Buffer.concat(chunks).toString('latin1')),
      error: reject,
    }
    body.flow(reader)
  })
}

const gzip: BodyStream = { open: () => zlib.createGzip(), keepsNothing: true }
const gunzip: BodyStream = { open: () => zlib.createGunzip(), keepsNothing: true }
const upper = {
  push: (chunk: Buffer) => Buffer.from(chunk.toString().toUpperCase()),
  end: () => Buffer.from('.'),
}
const pieces = Array.from({ length: 200 }, (_, at) => `piece ${at} ${'x'.repeat(at * 5)};`)
const whole = pieces.join('')

describe('a body through streams', () => {
  it('comes out as they make it, transformations before, between and behind them', async () => {
    for (const stops of [false, true]) {
      const { body } = sender(pieces)
      body.transform(upper)
      body.pipe(gzip)
      body.pipe(gunzip)
      body.transform(upper)
      assert.equal(await receive(body, stops), `${whole.toUpperCase()}..`)
    }
    const read = sender(pieces).body
    read.pipe(gzip)
    assert.equal(zlib.gunzipSync(await read.read(100_000)).toString(), whole)
    read.pipe(gunzip)
    assert.equal(await receive(read), whole)
  })

  it('keeps pieces that the stream itself keeps', async () => {
    const { body } = sender(pieces)
    body.pipe({ open: () => new PassThrough({ highWaterMark: 1_000_000 }) })
    assert.equal(await receive(body, true), whole)
  })

  it('stops the sender when the stream is full, and the stream when the reader is', async () => {
    const { body, facts } = sender(Array<string>(500).fill('x'.repeat(10_000)))
    body.pipe({ open: () => new PassThrough() })
    let got = 0
    body.flow({
      data(chunk) {
        got += chunk.length
        return false
      },
      end: () => {},
      error: assert.ifError,
    })
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.ok(got > 0 && got < 100_000, String(got))
    assert.ok(facts.given < 20 && facts.stopped > 0, JSON.stringify(facts))
    body.abandon()
  })

  it('is given out whenever the sender pauses', async () => {
    let give: (text: string) => void = () => {}
    const body = new MessageBody(-1, reader => {
      give = text => void reader.data(Buffer.from(text))
    })
    let pauses = 0
    body.onPause = () => pauses++
    body.pipe({
      open: () => zlib.createGzip(),
      flush: (stream, done) => (stream as zlib.Gzip).flush(zlib.constants.Z_SYNC_FLUSH, done),
    })
    const decoder = zlib.createGunzip()
    let text = ''
    decoder.on('data', chunk => (text += String(chunk)))
    body.flow({ data: chunk => decoder.write(Buffer.from(chunk)), end: () => {}, error: assert.ifError })
    for (const piece of ['one', 'two']) {
      give(piece)
      for (let at = 0; !text.endsWith(piece) && at < 500; at++)
        await new Promise(resolve => setTimeout(resolve, 5))
    }
    assert.equal(text, 'onetwo')
    for (let at = 0; pauses < 2 && at < 500; at++) await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(pauses, 2)
    body.abandon()
  })

  it('ends with the fault of the stream, or of who reads it', async () => {
    const bad = sender(['not gzip']).body
    bad.pipe({ ...gunzip, fault: refuse('transform.bad_response_body') })
    await assert.rejects(
      receive(bad),
      error => error instanceof BodyFault && error.refusal.reason === 'transform.bad_response_body',
    )
    const long = sender(pieces).body
    long.pipe({ open: () => new PassThrough() })
    await assert.rejects(long.read(1000), BodyTooLarge)
    const broken = new MessageBody(-1, reader => {
      reader.data(Buffer.from('x'))
      reader.error(new Error('it broke'))
    })
    broken.pipe(gzip)
    await assert.rejects(receive(broken), /it broke/)
  })

  it('that is abandoned lets the stream go', async () => {
    const stream = new Transform({ transform: () => {} })
    const { body } = sender(['x'])
    body.pipe({ open: () => stream })
    receive(body).catch(() => {})
    body.abandon()
    assert.equal(stream.destroyed, true)
  })
})
