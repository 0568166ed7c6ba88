import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { PoolLimits } from './origin.ts'
import { Http1Pool } from './pool.ts'
import { call, origin, poolLimits, TransportError } from './testing/recorder.ts'
import { backend, type RawBackend, until } from './testing/sockets.ts'

const stops: (() => unknown)[] = []
after(async () => {
  for (const stop of stops) await stop()
})
async function against(
  script: Parameters<typeof backend>[0],
  limits: Partial<PoolLimits> = {},
): Promise<{ pool: Http1Pool; raw: RawBackend }> {
  const raw = await backend(script)
  const pool = new Http1Pool(origin(raw.port), { ...poolLimits, ...limits })
  stops.push(
    () => pool.destroy(),
    () => raw.stop(),
  )
  return { pool, raw }
}
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'
const answer: Parameters<typeof backend>[0] = (text, socket) => {
  if (text.endsWith('\r\n\r\n')) socket.write(ok)
}

describe('a pool', () => {
  it('opens no more connections than allowed and lets the others wait', async () => {
    const { pool, raw } = await against(
      (text, socket) => {
        if (text.endsWith('\r\n\r\n')) setTimeout(() => socket.write(ok), 10)
      },
      { maxConnections: 2, maxQueue: 100 },
    )
    const all = await Promise.all(Array.from({ length: 20 }, () => call(pool)))
    assert.ok(all.every(r => r.body === 'x' && r.late === 0))
    assert.equal(raw.received.length, 2)
    assert.equal(pool.busy, 0)
    assert.equal(pool.open, 2)
  })

  it('refuses when the line is full', async () => {
    const { pool } = await against(() => {}, { maxConnections: 1, maxQueue: 1 })
    const first = call(pool)
    const second = call(pool)
    const third = await call(pool)
    assert.equal(third.error?.fault, 'queue_full')
    assert.equal(third.error?.untouched, true)
    second.call.abort()
    first.call.abort()
    await until(() => pool.open === 0 && pool.busy === 0)
  })

  it('does not let anybody wait for ever', async () => {
    const { pool } = await against(() => {}, { maxConnections: 1 })
    const first = call(pool)
    const second = await call(pool, {}, { head: 200 })
    assert.equal(second.error?.fault, 'queue_timeout')
    assert.equal(second.error?.untouched, true)
    first.call.abort()
  })

  it('keeps few idle connections, and none for too long', async () => {
    const { pool } = await against(answer, { maxIdle: 1, idleTimeout: 100 })
    await Promise.all([call(pool), call(pool), call(pool)])
    assert.equal(pool.open, 1)
    await until(() => pool.open === 0)
  })

  it('believes the server about how long it keeps a connection', async () => {
    const { pool, raw } = await against((text, socket) => {
      if (text.endsWith('\r\n\r\n'))
        socket.write(`HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n`)
    })
    await call(pool)
    await call(pool)
    assert.equal(raw.received.length, 2)
  })

  it('repeats on a fresh connection what may be repeated, when a reused one was closed', async () => {
    let second = false
    const script: Parameters<typeof backend>[0] = (text, socket, n) => {
      if (!text.endsWith('\r\n\r\n') && !text.endsWith('body')) return
      const heads = text.split('HTTP/1.1\r\n').length - 1
      if (n === 0 && heads === 2) {
        second = true
        socket.resetAndDestroy()
      } else socket.write(ok)
    }
    for (const [more, error] of [
      [{ method: 'GET' }, null],
      [{ method: 'POST' }, 'reset'],
      [{ method: 'PUT', body: 'body' }, 'reset'],
    ] as const) {
      second = false
      const { pool, raw } = await against(script)
      await call(pool)
      const got = await call(pool, more)
      assert.equal(second, true)
      assert.equal(got.error?.fault ?? null, error, more.method)
      if (got.error !== null) assert.equal(got.error.untouched, false)
      else assert.equal(raw.received.length, 2)
    }
  })

  it('repeats once, not for ever', async () => {
    const { pool, raw } = await against((text, socket, n) => {
      if (!text.endsWith('\r\n\r\n')) return
      if (n === 0 && text.split('GET').length === 2) socket.write(ok)
      else socket.resetAndDestroy()
    })
    await call(pool)
    assert.equal((await call(pool)).error?.fault, 'reset')
    assert.equal(raw.received.length, 2)
  })

  it('forgets calls that are given up, wherever they are', async () => {
    const { pool, raw } = await against(
      (text, socket) => {
        if (text.endsWith('\r\n\r\n')) setTimeout(() => socket.write(ok), 50)
      },
      { maxConnections: 1 },
    )
    const connecting = call(pool)
    const waiting = call(pool)
    const third = call(pool)
    waiting.call.abort()
    connecting.call.abort(new TransportError('aborted', 'enough'))
    assert.equal((await connecting).error?.fault, 'aborted')
    assert.equal((await third).body, 'x')
    third.call.abort(new TransportError('aborted', 'too late'))
    await new Promise(done => setTimeout(done, 20))
    assert.equal(third.recorder.error, null)
    assert.equal(third.recorder.late, 0)
    assert.equal(waiting.recorder.connects, 0)
    await until(() => pool.busy === 0)
    assert.ok(raw.received.length <= 2)
  })

  it('gives a call that is aborted in flight no events', async () => {
    const { pool, raw } = await against((text, socket) => {
      if (text.endsWith('\r\n\r\n')) setTimeout(() => socket.write(ok), 30)
    })
    const sent = call(pool)
    await until(() => raw.received.length === 1)
    sent.call.abort()
    await new Promise(done => setTimeout(done, 60))
    assert.equal(sent.recorder.status, 0)
    assert.equal(pool.open, 0)
  })

  it('lets one handler serve many calls', async () => {
    const { pool } = await against(answer)
    const { Recorder, noTimeouts, request } = await import('./testing/recorder.ts')
    const recorder = new Recorder()
    let ends = 0
    recorder.onEnd = () => {
      ends++
    }
    const first = pool.dispatch(request(), recorder, noTimeouts)
    await until(() => ends === 1)
    const gone = pool.dispatch(request(), recorder, noTimeouts)
    first.abort()
    await until(() => ends === 2)
    gone.abort()
  })

  it('closes idle connections at once and the others after their answer', async () => {
    const { pool } = await against((text, socket) => {
      if (text.includes('slow')) setTimeout(() => socket.write(ok), 50)
      else if (text.endsWith('\r\n\r\n')) socket.write(ok)
    })
    const both = [call(pool), call(pool, { path: '/slow' })]
    await both[0]
    assert.equal(pool.open, 2)
    pool.close()
    assert.equal(pool.open, 1)
    assert.equal((await both[1])?.body, 'x')
    await until(() => pool.open === 0)
  })

  it('fails everything when it is destroyed', async () => {
    const { pool, raw } = await against(() => {}, { maxConnections: 2 })
    const first = call(pool)
    await until(() => raw.received.length === 1)
    const others = [call(pool), call(pool)]
    pool.destroy()
    for (const got of await Promise.all([first, ...others])) assert.equal(got.error?.fault, 'aborted')
    assert.equal(pool.open, 0)
    assert.equal((await call(pool)).error?.fault, 'aborted')
    await until(() => raw.open === 0)
  })
})
