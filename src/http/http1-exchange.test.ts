import assert from 'node:assert/strict'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import { type ServerExchange, UNKNOWN_LENGTH } from './contract.ts'
import { HeaderBlock } from './headers.ts'
import { type Running, say, serve, talk } from './testing/sockets.ts'

const running: Running[] = []
const none = (): HeaderBlock => HeaderBlock.from([['Date', 'now']])
async function answer(handler: (exchange: ServerExchange) => void, ...parts: string[]): Promise<string> {
  const one = await serve(handler)
  running.push(one)
  return talk(one.port, parts)
}
after(async () => {
  for (const one of running) await one.stop()
})

const get = (version = '1.1', method = 'GET', lines = 'Connection: close\r\n'): string =>
  `${method} / HTTP/${version}\r\nHost: h\r\n${lines}\r\n`

describe('the framing of an answer', () => {
  const stream = (exchange: ServerExchange): void => {
    exchange.writeHead(200, 'OK', none(), UNKNOWN_LENGTH)
    exchange.writeBody(Buffer.from('hello '))
    exchange.flush()
    setTimeout(() => {
      exchange.writeBody(Buffer.from('world'))
      exchange.end(HeaderBlock.from([['X-Sum', '1']]))
    }, 10)
  }

  it('is chunked for HTTP/1.1, with trailers', async () => {
    assert.equal(
      await answer(stream, get()),
      'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\n',
    )
  })

  it('runs until the end for HTTP/1.0', async () => {
    assert.equal(
      await answer(stream, get('1.0', 'GET', 'Connection: keep-alive\r\n')),
      'HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\nhello world',
    )
  })

  it('keeps an HTTP/1.0 connection only when asked and possible', async () => {
    const text = await answer(
      say('x'),
      get('1.0', 'GET', 'Connection: keep-alive\r\n'),
      get('1.0', 'GET', ''),
    )
    assert.match(text, /Connection: keep-alive\r\n\r\nxHTTP\/1\.1 200[\s\S]*Connection: close\r\n\r\nx$/)
  })

  it('has no body for HEAD, 204 and 304, whatever is written', async () => {
    const write =
      (status: number, length: number) =>
      (exchange: ServerExchange): void => {
        exchange.writeHead(status, 'S', none(), length)
        exchange.writeBody(Buffer.from('12345'))
        exchange.end()
      }
    const head = 'Date: now\r\n'
    assert.equal(
      await answer(write(200, 5), get('1.1', 'HEAD')),
      `HTTP/1.1 200 S\r\n${head}Content-Length: 5\r\nConnection: close\r\n\r\n`,
    )
    assert.equal(
      await answer(write(200, -1), get('1.1', 'HEAD')),
      `HTTP/1.1 200 S\r\n${head}Connection: close\r\n\r\n`,
    )
    assert.equal(await answer(write(204, 5), get()), `HTTP/1.1 204 S\r\n${head}Connection: close\r\n\r\n`)
    assert.equal(
      await answer(write(304, 5), get()),
      `HTTP/1.1 304 S\r\n${head}Content-Length: 5\r\nConnection: close\r\n\r\n`,
    )
  })

  it('never copies what the handler says about it', async () => {
    const text = await answer(exchange => {
      const headers = HeaderBlock.from([
        ['Date', 'now'],
        ['Transfer-Encoding', 'gzip'],
        ['Content-Length', '99'],
        ['Connection', 'x'],
      ])
      exchange.writeHead(200, 'OK', headers, 1)
      exchange.writeBody(Buffer.from('a'))
      exchange.end()
    }, get())
    assert.equal(text, 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 1\r\nConnection: close\r\n\r\na')
  })

  it('cuts what is too long and tears what is too short', async () => {
    const write =
      (length: number) =>
      (exchange: ServerExchange): void => {
        exchange.writeHead(200, 'OK', none(), length)
        exchange.writeBody(Buffer.from('12345'))
        exchange.end()
      }
    assert.match(await answer(write(3), get('1.1', 'GET', '')), /Content-Length: 3\r\n\r\n123$/)
    assert.match(await answer(write(9), get('1.1', 'GET', '')), /Content-Length: 9\r\n\r\n12345$/)
  })

  it('is visibly incomplete when the handler gives up', async () => {
    const chunked = await answer(exchange => {
      exchange.writeHead(200, 'OK', none(), UNKNOWN_LENGTH)
      exchange.writeBody(Buffer.from('12345'))
      exchange.abort()
    }, get())
    assert.match(chunked, /5\r\n12345\r\n$/)
    const one = await serve(exchange => {
      exchange.writeHead(200, 'OK', none(), UNKNOWN_LENGTH)
      exchange.writeBody(Buffer.from('12345'))
      exchange.flush()
      setTimeout(() => exchange.abort(), 20)
    })
    running.push(one)
    const error = await new Promise<NodeJS.ErrnoException | null>(resolve => {
      const socket = net.connect(one.port, '127.0.0.1')
      socket.write(get('1.0'))
      socket.resume()
      socket.on('error', resolve)
      socket.on('end', () => resolve(null))
    })
    assert.equal(error?.code, 'ECONNRESET')
  })

  it('holds no line a handler smuggles in', async () => {
    const text = await answer(exchange => {
      exchange.writeHead(200, 'OK\r\nX: y', none(), 0)
      exchange.end()
    }, get())
    assert.match(text, /^HTTP\/1\.1 200 OK\r\nDate/)
    await answer(exchange => {
      assert.throws(() => exchange.writeHead(99, 'OK', none(), 0), RangeError)
      assert.throws(() => exchange.writeHead(Number.NaN, 'OK', none(), 0), RangeError)
      assert.throws(() => exchange.inform(200, none()), RangeError)
      assert.throws(() => exchange.acceptUpgrade(none()))
      say('x')(exchange)
    }, get())
  })

  it('sends large and small pieces in order', async () => {
    const pieces = [10, 20_000, 1, 16_384, 5, 100_000, 3].map((n, i) => String.fromCharCode(97 + i).repeat(n))
    const text = await answer(exchange => {
      exchange.writeHead(200, 'OK', none(), UNKNOWN_LENGTH)
      for (const piece of pieces) exchange.writeBody(Buffer.from(piece))
      exchange.end()
    }, get())
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    assert.equal(body, `${pieces.map(p => `${p.length.toString(16)}\r\n${p}\r\n`).join('')}0\r\n\r\n`)
  })
})

describe('interim answers', () => {
  it('come before the final one, and not to HTTP/1.0', async () => {
    const hint = (exchange: ServerExchange): void => {
      exchange.inform(103, HeaderBlock.from([['Link', '</a>']]))
      exchange.writeHead(200, 'OK', none(), 0)
      exchange.end()
    }
    assert.match(
      await answer(hint, get()),
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200/,
    )
    assert.match(await answer(hint, get('1.0')), /^HTTP\/1\.1 200/)
  })

  it('100 is sent once the body is wanted, and only then', async () => {
    const ask =
      'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n'
    const read = (exchange: ServerExchange): void =>
      exchange.readBody({ data: () => true, end: () => say('hi')(exchange), error: () => exchange.abort() })
    assert.match(await answer(read, ask, 'hi'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200[\s\S]*hi$/)
    const refused = await answer(say('no', 403), ask.replace('Connection: close\r\n', ''))
    assert.match(refused, /^HTTP\/1\.1 403[\s\S]*Connection: close\r\n\r\nno$/)
  })
})

describe('a body nobody reads', () => {
  it('is skipped when short and costs the connection when long or of unknown length', async () => {
    const next = get()
    const short = await answer(
      say('x'),
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345${next}`,
    )
    assert.equal(short.match(/HTTP\/1\.1 200/g)?.length, 2)
    const long = await answer(
      say('x'),
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(99_999)}${next}`,
    )
    assert.equal(long.match(/HTTP\/1\.1 200/g)?.length, 1)
    const chunked = await answer(
      say('x'),
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${next}`,
    )
    assert.equal(chunked.match(/HTTP\/1\.1 200/g)?.length, 1)
  })

  it('is let go of in the middle: the connection closes when the answer said so, and else goes on', async () => {
    /** Answers as soon as it saw a part of the body, of which it wants no more. */
    const early =
      (flush: boolean) =>
      (exchange: ServerExchange): void => {
        let answered = false
        const answerOnce = (): boolean => {
          if (answered) return true
          answered = true
          exchange.writeHead(200, 'OK', none(), 1)
          if (flush) exchange.flush()
          exchange.writeBody(Buffer.from('x'))
          exchange.end()
          return true
        }
        exchange.readBody({ data: answerOnce, end: answerOnce, error: () => {} })
      }
    // However much of it comes with the head, more is left than is skipped for nothing.
    const body = 'x'.repeat(300_000)
    for (const head of [
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`,
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`,
    ]) {
      const more = `${body.slice(10)}${head.includes('chunked') ? '\r\n0\r\n\r\n' : ''}${get()}`
      const closed = await answer(early(false), head + body.slice(0, 10), more)
      assert.match(closed, /^HTTP\/1\.1 200 OK\r\n[^x]*Connection: close\r\n\r\nx$/)
      const kept = await answer(early(true), head + body.slice(0, 10), more)
      assert.match(kept, /^HTTP\/1\.1 200 OK\r\nDate: now\r\nContent-Length: 1\r\n\r\nxHTTP\/1\.1 200/)
    }
    // A short rest costs nothing.
    const short = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n`
    const next = await answer(early(false), short + body.slice(0, 10), body.slice(0, 10) + get())
    assert.equal(next.match(/HTTP\/1\.1 200/g)?.length, 2)
  })
})

describe('a request body', () => {
  it('arrives in pieces however it is cut, with trailers', async () => {
    const text =
      'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n'
    const handler = (exchange: ServerExchange): void => {
      let body = ''
      exchange.readBody({
        data: chunk => {
          body += chunk.toString('latin1')
          return true
        },
        end: trailers => say(`${body} ${trailers?.get('x-t')}`)(exchange),
        error: () => exchange.abort(),
      })
    }
    for (const parts of [[text], Array.from(text), [text.slice(0, 80), text.slice(80)]])
      assert.match(await answer(handler, ...parts), /abcde 1$/)
  })

  it('too large is told to the handler as 413', async () => {
    const one = await serve(
      exchange =>
        exchange.readBody({
          data: () => true,
          end: () => assert.fail(),
          error: error => say('big', (error as { status?: number }).status ?? 500)(exchange),
        }),
      { maxBody: 10 },
    )
    running.push(one)
    assert.match(
      await talk(one.port, [
        `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n`,
      ]),
      /^HTTP\/1\.1 413/,
    )
    assert.match(
      await talk(one.port, ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n']),
      /^HTTP\/1\.1 413/,
    )
  })
})
