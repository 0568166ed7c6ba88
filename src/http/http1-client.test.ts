import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { UNKNOWN_LENGTH } from './contract.ts'
import { HeaderBlock } from './headers.ts'
import type { PoolLimits } from './origin.ts'
import { Http1Pool } from './pool.ts'
import { call, origin, poolLimits, Recorder, request, noTimeouts } from './testing/recorder.ts'
import { backend, type RawBackend, until } from './testing/sockets.ts'

const stops: (() => unknown)[] = []
after(async () => {
  for (const stop of stops) await stop()
})

type Script = Parameters<typeof backend>[0]
async function against(
  script: Script,
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

/** Answers each complete head with the same bytes. */
const answering =
  (bytes: string): Script =>
  (text, socket) => {
    if (text.endsWith('\r\n\r\n')) socket.write(bytes, 'latin1')
  }
const closing =
  (bytes: string): Script =>
  (text, socket) => {
    if (text.endsWith('\r\n\r\n')) socket.end(bytes, 'latin1')
  }

describe('a client connection', () => {
  it('sends a head as it was given and reads the answer', async () => {
    const { pool, raw } = await against(
      answering('HTTP/1.1 200 Fine\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc'),
    )
    const got = await call(pool, {
      fields: [
        ['x-ODD', 'Case'],
        ['Connection', 'x-gone'],
        ['Content-Length', '7'],
      ],
    })
    assert.equal(raw.received[0], 'GET / HTTP/1.1\r\nHost: h\r\nx-ODD: Case\r\n\r\n')
    assert.equal(`${got.status} ${got.reason} ${got.body} ${got.headers.get('x-a')}`, '200 Fine abc b')
    const again = await call(pool)
    assert.equal(again.reused, true)
    assert.equal(raw.received.length, 1)
  })

  it('frames request bodies itself', async () => {
    const { pool, raw } = await against((text, socket) => {
      if (/END|0\r\n.*\r\n\r\n$/.test(text)) socket.end('HTTP/1.1 204 No\r\n\r\n')
    })
    await call(pool, { method: 'POST', body: 'bodyEND' })
    assert.equal(raw.received[0], 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\nbodyEND')
    const recorder = new Recorder()
    const sent = pool.dispatch(request({ method: 'PUT', bodyLength: UNKNOWN_LENGTH }), recorder, noTimeouts)
    recorder.onReady = () => {
      sent.write(Buffer.from('abc'))
      sent.write(Buffer.alloc(0))
      setTimeout(() => {
        sent.write(Buffer.from('de'))
        sent.end(HeaderBlock.from([['X-T', '1']]))
      }, 10)
    }
    await recorder.done
    assert.equal(
      raw.received[1],
      'PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n',
    )
  })

  it('reads every framing of an answer', async () => {
    for (const [bytes, body, trailer] of [
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n', 'abc', '1'],
      ['HTTP/1.1 200 OK\r\n\r\nuntil the end', 'until the end', undefined],
      ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok', undefined],
      ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', '', undefined],
      ['HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', '', undefined],
      [
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz',
        'z',
        undefined,
      ],
    ] as const) {
      const { pool } = await against(closing(bytes))
      const got = await call(pool)
      assert.equal(got.error, null, bytes)
      assert.equal(got.body, body)
      assert.equal(got.trailers?.get('x-t'), trailer)
      assert.deepEqual(got.interim, bytes.includes('103') ? [103] : [])
      assert.equal(got.late, 0)
    }
  })

  it('reads no body after HEAD', async () => {
    const { pool, raw } = await against(answering('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n'))
    for (let i = 0; i < 2; i++) assert.equal((await call(pool, { method: 'HEAD' })).length, 50)
    assert.equal(raw.received.length, 1)
  })

  it('switches protocols when both agree', async () => {
    const { pool } = await against((text, socket) => {
      if (text.endsWith('\r\n\r\n'))
        socket.write('HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: Thing\r\n\r\nhello')
      else socket.write('!')
    })
    const got = await call(pool, { upgrade: 'thing' })
    assert.equal(got.status, 101)
    const heard: string[] = []
    got.stream!.on('data', (bytes: Buffer) => heard.push(bytes.toString()))
    got.stream!.write('x')
    await until(() => heard.join('') === 'hello!')
    got.stream!.destroy()
    assert.equal((await call(pool, { upgrade: 'other' })).error?.fault, 'bad_response')
    assert.equal((await call(pool)).error?.fault, 'bad_response')
  })

  it('pauses and resumes the answer', async () => {
    const size = 5_000_000
    const { pool } = await against((text, socket) => {
      if (!text.endsWith('\r\n\r\n')) return
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      socket.write(Buffer.alloc(size, 97))
    })
    const sent = call(pool)
    let most = 0
    sent.recorder.onChunk = chunk => {
      most = Math.max(most, chunk.length)
      setImmediate(() => sent.call.resume())
      return false
    }
    const got = await sent
    assert.equal(got.bytes, size)
    assert.ok(most <= 65_536)
  })

  it('pauses answers that run until the end', async () => {
    const { pool } = await against(closing(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(500_000)}`))
    const sent = call(pool)
    sent.recorder.onChunk = () => {
      setTimeout(() => sent.call.resume(), 2)
      return false
    }
    assert.equal((await sent).bytes, 500_000)
  })

  it('refuses to send what would be another request', async () => {
    const { pool, raw } = await against(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    for (const broken of [
      { path: '/ HTTP/1.1\r\nHost: x' },
      { path: '/a b' },
      { path: 'x' },
      { path: '' },
      { method: 'GET /' },
      { method: '' },
      { method: 'CONNECT' },
      { upgrade: 'a\r\nb: c' },
      { bodyLength: -2 },
      { bodyLength: 1.5 },
    ]) {
      const got = await call(pool, broken)
      assert.equal(got.error?.fault, 'aborted', JSON.stringify(broken))
      assert.equal(got.error?.untouched, true)
    }
    assert.deepEqual(raw.received, [])
  })
})

describe('a misbehaving backend', () => {
  const fault = async (
    script: Script,
    timeouts = {},
    more = {},
    limits: Partial<PoolLimits> = {},
  ): Promise<string> => {
    const { pool, raw } = await against(script, limits)
    const got = await call(pool, more, timeouts)
    assert.equal(got.late, 0)
    await until(() => pool.open === 0 && pool.busy === 0)
    await until(() => raw.open === 0)
    return got.error === null ? `${got.status} ${got.body}` : got.error.fault
  }

  it('that hangs is given up', async () => {
    assert.equal(await fault(() => {}, { head: 200 }), 'head_timeout')
    assert.equal(await fault(() => {}, { total: 200 }), 'total_timeout')
    assert.equal(
      await fault(answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123'), { idle: 200 }),
      'idle_timeout',
    )
    assert.equal(await fault(answering('HTTP/1.1 200'), { head: 200 }), 'head_timeout')
  })

  it('that drips is given up as a whole', async () => {
    const drip: Script = (text, socket) => {
      if (!text.endsWith('\r\n\r\n')) return
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const timer = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(timer))
    }
    assert.equal(await fault(drip, { idle: 1000, total: 300 }), 'total_timeout')
    const head: Script = (text, socket) => {
      if (!text.endsWith('\r\n\r\n')) return
      socket.write('HTTP/1.1 200 OK\r\nA: ')
      const timer = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(timer))
    }
    assert.equal(await fault(head, { head: 300 }), 'head_timeout')
  })

  it('that resets or closes early is named', async () => {
    assert.equal(await fault((_, socket) => socket.resetAndDestroy()), 'reset')
    assert.equal(await fault((_, socket) => socket.end()), 'closed_early')
    assert.equal(await fault(closing('HTTP/1.1 200 OK\r\nConte')), 'closed_early')
    assert.equal(await fault(closing('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123')), 'short_body')
    assert.equal(
      await fault(closing('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')),
      'short_body',
    )
    assert.equal(
      await fault((text, socket) => {
        if (!text.endsWith('\r\n\r\n')) return
        socket.write('HTTP/1.1 200 OK\r\n\r\nabc')
        setTimeout(() => socket.resetAndDestroy(), 30)
      }),
      'short_body',
    )
  })

  it('that speaks nonsense is refused', async () => {
    for (const bytes of [
      'SSH-2.0-OpenSSH_9.6\r\n',
      '\x15\x03\x01\x00\x02\x02\x16\x00\x00\x00\x00',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n',
      `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`,
      `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(200)}\r\n`,
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50),
    ])
      assert.equal(await fault(answering(bytes)), 'bad_response', bytes.slice(0, 60))
  })

  it('that never ends its head is refused', async () => {
    const endless: Script = (text, socket) => {
      if (!text.endsWith('\r\n\r\n')) return
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write(`X: ${'y'.repeat(5000)}\r\n`), 1)
      socket.on('close', () => clearInterval(timer))
    }
    assert.equal(await fault(endless), 'bad_response')
  })

  it('that sends more than it should loses its connection, not its answer', async () => {
    assert.equal(await fault(answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA')), '200 ok')
    assert.equal(await fault(answering('HTTP/1.1 204 No\r\n\r\nbody')), '204 ')
    assert.equal(
      await fault(
        answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n'),
      ),
      '200 ',
    )
    assert.equal(
      await fault(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789'), {}, { method: 'HEAD' }),
      '200 ',
    )
  })

  it('cannot answer the next request ahead of time, even when it waits in line', async () => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'
    const { pool, raw } = await against(
      (text, socket, n) => {
        if (text.endsWith('\r\n\r\n'))
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood${n === 0 ? poison : ''}`)
      },
      { maxConnections: 1 },
    )
    const [first, second] = await Promise.all([call(pool), call(pool)])
    assert.equal(first.body, 'good')
    assert.equal(second.body, 'good')
    assert.equal(raw.received.length, 2)
  })

  it('that speaks while nobody asked loses the connection', async () => {
    const { pool, raw } = await against((text, socket) => {
      if (!text.endsWith('\r\n\r\n')) return
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      setTimeout(() => socket.write('HTTP/1.1 408 Timeout\r\n\r\n'), 30)
    })
    await call(pool)
    await until(() => pool.open === 0)
    assert.equal((await call(pool)).status, 200)
    assert.equal(raw.received.length, 2)
  })

  it('that answers before the body is out is heard, and its connection closed', async () => {
    const { pool } = await against((text, socket) => {
      if (text.includes('\r\n\r\n')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
    })
    const recorder = new Recorder()
    const sent = pool.dispatch(request({ method: 'POST', bodyLength: 1000 }), recorder, noTimeouts)
    recorder.onReady = () => sent.write(Buffer.alloc(10))
    assert.equal((await recorder.done).status, 413)
    await until(() => pool.open === 0)
  })

  it('that does not take a large body stops the sender, and is given up', async () => {
    const { pool } = await against(() => {}, {})
    const deaf = await backend(
      () => {},
      socket => socket.pause(),
    )
    stops.push(() => deaf.stop())
    const blocked = new Http1Pool(origin(deaf.port), poolLimits)
    const recorder = new Recorder()
    const sent = blocked.dispatch(request({ method: 'POST', bodyLength: UNKNOWN_LENGTH }), recorder, {
      ...noTimeouts,
      head: 300,
    })
    let written = 0
    recorder.onReady = () => {
      while (written < 100_000_000 && sent.write(Buffer.alloc(65_536))) written += 65_536
    }
    await recorder.done
    assert.ok(written < 20_000_000, `${written}`)
    assert.equal(recorder.error?.fault, 'head_timeout')
    pool.destroy()
  })

  it('does not make the clock run while the sender is the slow one', async () => {
    const { pool } = await against((text, socket) => {
      if (text.endsWith('END')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
    const recorder = new Recorder()
    const sent = pool.dispatch(request({ method: 'POST', bodyLength: 6 }), recorder, {
      ...noTimeouts,
      head: 200,
    })
    recorder.onReady = () => {
      sent.write(Buffer.from('abc'))
      setTimeout(() => {
        sent.write(Buffer.from('END'))
        sent.end()
      }, 1000)
    }
    assert.equal((await recorder.done).status, 200)
  })

  it('moves hundreds of megabytes each way with flat memory', async () => {
    const size = 200_000_000
    const chunk = Buffer.alloc(65_536, 120)
    let received = 0
    const { pool } = await against(() => {})
    pool.destroy()
    const net = await import('node:net')
    const server = net.createServer(socket => {
      let sentBytes = 0
      const pump = (): void => {
        while (sentBytes < size) {
          const part = chunk.subarray(0, Math.min(chunk.length, size - sentBytes))
          sentBytes += part.length
          if (!socket.write(part)) return
        }
      }
      socket.on('drain', pump)
      socket.on('data', bytes => {
        const before = received
        received += bytes.length
        if (before < size && received >= size) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
          pump()
        }
      })
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    stops.push(() => server.close())
    const big = new Http1Pool(origin((server.address() as { port: number }).port), poolLimits)
    stops.push(() => big.destroy())
    const recorder = new Recorder()
    const sent = big.dispatch(request({ method: 'POST', bodyLength: size }), recorder, noTimeouts)
    let written = 0
    const pump = (): void => {
      while (written < size) {
        const part = chunk.subarray(0, Math.min(chunk.length, size - written))
        written += part.length
        if (!sent.write(part)) return
      }
      sent.end()
    }
    let peak = 0
    const before = process.memoryUsage().rss
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - before)), 10)
    recorder.onReady = pump
    recorder.onDrained = pump
    await recorder.done
    clearInterval(timer)
    assert.equal(recorder.error, null)
    assert.equal(recorder.bytes, size)
    assert.ok(peak < 120_000_000, `grew by ${peak} bytes`)
  })
})
