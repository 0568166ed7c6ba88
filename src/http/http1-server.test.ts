import assert from 'node:assert/strict'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import type { BadMessage } from './bad-message.ts'
import type { ServerExchange } from './contract.ts'
import { HeaderBlock } from './headers.ts'
import { clock } from './sweeper.ts'
import { echo, type Running, say, serve, talk, until } from './testing/sockets.ts'

const running: Running[] = []
async function started(...args: Parameters<typeof serve>): Promise<Running> {
  const one = await serve(...args)
  running.push(one)
  return one
}
after(async () => {
  for (const one of running) await one.stop()
})

const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(m => m[1]!)

describe('a server connection', () => {
  it('answers pipelined requests in order, whenever the answers are ready', async () => {
    const order: string[] = []
    const { port } = await started(exchange => {
      order.push(exchange.target)
      setTimeout(() => say(exchange.target)(exchange), exchange.target === '/1' ? 30 : 1)
    })
    const text = await talk(port, [
      'GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n',
    ])
    assert.deepEqual(order, ['/1', '/2', '/3'])
    assert.deepEqual(
      [...text.matchAll(/\r\n\r\n(\/\d)/g)].map(m => m[1]),
      ['/1', '/2', '/3'],
    )
  })

  it('answers a thousand pipelined requests without growing the stack', async () => {
    const { port } = await started(say('x'))
    const text = await talk(port, [
      `${'GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(5000)}GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    ])
    assert.equal(statuses(text).length, 5001)
  })

  it('skips one empty line before a request and no more, however it arrives', async () => {
    const { port } = await started(say('x'))
    const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
    assert.deepEqual(statuses(await talk(port, [`\r\n${request}`])), ['200'])
    assert.deepEqual(statuses(await talk(port, ['\r', `\n${request}`], { pause: 10 })), ['200'])
    assert.deepEqual(statuses(await talk(port, [`\r\n\r\n${request}`])), ['400'])
    assert.deepEqual(statuses(await talk(port, ['\r\n', `\r\n${request}`], { pause: 10 })), ['400'])
  })

  it('closes when a later request is broken, after the answers before it', async () => {
    const bad: BadMessage[] = []
    const { port } = await started(
      say('x'),
      {},
      {
        onRefusal: fault => {
          bad.push(fault)
          return new HeaderBlock()
        },
      },
    )
    const text = await talk(port, [
      'GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost : h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n',
    ])
    assert.deepEqual(statuses(text), ['200', '400'])
    assert.match(text, /Connection: close\r\n\r\na space before the colon\n$/)
    assert.equal(bad.length, 1)
  })

  it('adds the fields of its owner to answers that no handler gave', async () => {
    const told: string[] = []
    const { port } = await started(
      echo,
      { headTimeout: 100, maxBody: 5 },
      {
        onRefusal(fault, facts) {
          told.push(`${fault.fault} ${fault.message} ${facts.remoteAddress}`)
          return HeaderBlock.from([['X-Fault', fault.fault]])
        },
      },
    )
    const fields = 'Content-Type: text/plain\r\nX-Fault: '
    const slow = await talk(port, ['GET / HTTP/1.1\r\nHost'])
    assert.match(slow, new RegExp(`^HTTP/1.1 408 [^]*\r\n${fields}head_timeout\r\nContent-Length: `))
    const large = await talk(port, ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n123456'])
    assert.match(large, new RegExp(`^HTTP/1.1 413 [^]*\r\n${fields}body_too_large\r\nContent-Length: `))
    assert.deepEqual(told, [
      'head_timeout the head did not arrive in time 127.0.0.1',
      'body_too_large the body is too large 127.0.0.1',
    ])
    // Here the handler answers, and it was told.
    const chunked = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n'
    assert.doesNotMatch(await talk(port, [chunked]), /X-Fault/)
    // A connection that said nothing gets no answer, so there is none to count.
    assert.equal(await talk(port, []), '')
    assert.equal(told.length, 2)
  })

  it('reads the body of a pipelined request that overflowed the line while another was answered', async () => {
    const { port } = await started(exchange => {
      if (exchange.method === 'GET') setTimeout(() => say('slow')(exchange), 80)
      else echo(exchange)
    })
    const body = 'x'.repeat(300_000)
    const text = await talk(
      port,
      [
        `GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ],
      { pause: 5 },
    )
    assert.deepEqual(statuses(text), ['200', '200'])
    assert.equal(text.length - text.lastIndexOf('\r\n\r\n') - 4, body.length)
  })

  it('reads a large body that a handler asks for late', async () => {
    const { port } = await started(exchange => setTimeout(() => echo(exchange), 80))
    const body = 'y'.repeat(400_000)
    const text = await talk(port, [
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ])
    assert.equal(text.length - text.indexOf('\r\n\r\n') - 4, body.length)
  })

  it('answers a client that half-closed after its request, body and all', async () => {
    const { port } = await started(exchange => setTimeout(() => echo(exchange), 30))
    const get = await talk(port, ['GET / HTTP/1.1\r\nHost: h\r\n\r\n'], { end: true })
    assert.deepEqual(statuses(get), ['200'])
    const post = await talk(
      port,
      [`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n${'z'.repeat(100_000)}`],
      { end: true },
    )
    assert.equal(post.length - post.indexOf('\r\n\r\n') - 4, 100_000)
  })

  it('lets a reader pause although the client has half-closed', async () => {
    let got = 0
    const { port } = await started(exchange => {
      exchange.readBody({
        data(chunk) {
          got += chunk.length
          setTimeout(() => exchange.resumeBody(), 5)
          return false
        },
        end: () => say('done')(exchange),
        error: error => assert.fail(error),
      })
    })
    const text = await talk(
      port,
      [`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n${'z'.repeat(200_000)}`],
      { end: true },
    )
    assert.match(text, /done$/)
    assert.equal(got, 200_000)
  })

  it('tells the handler when a client gives up in the middle of its body', async () => {
    const seen: string[] = []
    const { port, server } = await started(exchange => {
      exchange.onClose = () => seen.push('close')
      exchange.readBody({ data: () => true, end: () => seen.push('end'), error: () => seen.push('error') })
    })
    await talk(port, ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123'], { end: true })
    await until(() => server.connections === 0)
    assert.deepEqual(seen, ['error', 'close'])
  })

  it('refuses broken chunks through the handler', async () => {
    const { port } = await started(exchange => {
      exchange.readBody({
        data: () => true,
        end: () => say('fine')(exchange),
        error: error => say(error.message, 400)(exchange),
      })
    })
    const text = await talk(port, [
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX',
    ])
    assert.deepEqual(statuses(text), ['400'])
    assert.match(text, /Connection: close/)
  })
})

describe('time-outs of a server connection', () => {
  it('answer 408 to a head that drips, 10 bytes a second or not', async () => {
    const { port } = await started(say('x'), { headTimeout: 300 })
    const drip = Array.from(`GET / HTTP/1.1\r\n${'Abcd: e\r\n'.repeat(12)}`)
    const text = await talk(port, drip, { pause: 15 })
    assert.deepEqual(statuses(text), ['408'])
  })

  it('close a connection that never speaks, without a word', async () => {
    const { port } = await started(say('x'), { headTimeout: 200 })
    assert.equal(await talk(port, []), '')
  })

  it('do not fire on a connection that comes after a long pause', async () => {
    const { port } = await started(say('x'), { headTimeout: 1000 })
    await new Promise(done => setTimeout(done, 1500))
    const text = await talk(port, ['GET / HTTP/1.1\r\n', 'Host: h\r\nConnection: close\r\n\r\n'], {
      pause: 500,
    })
    assert.deepEqual(statuses(text), ['200'])
  })

  it('close an idle connection', async () => {
    const { port } = await started(say('x'), { keepAliveTimeout: 200 })
    assert.deepEqual(statuses(await talk(port, ['GET / HTTP/1.1\r\nHost: h\r\n\r\n'])), ['200'])
  })

  it('tell the handler of a body that stopped coming', async () => {
    const { port } = await started(
      exchange =>
        exchange.readBody({
          data: () => true,
          end: () => assert.fail(),
          error: error => say(error.name, 408)(exchange),
        }),
      { bodyTimeout: 200 },
    )
    const text = await talk(port, ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123'])
    assert.match(text, /^HTTP\/1\.1 408[\s\S]*BodyTimeout$/)
  })

  it('end a request that takes too long as a whole, however its body drips', async () => {
    const { port } = await started(
      exchange => exchange.readBody({ data: () => true, end: () => {}, error: () => exchange.abort() }),
      {
        requestTimeout: 300,
      },
    )
    const begun = Date.now()
    await talk(
      port,
      ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n', ...Array.from('x'.repeat(100))],
      { pause: 20 },
    )
    assert.ok(Date.now() - begun < 1500)
  })

  it('give up on a client that does not read, and not on one that reads slowly', async t => {
    // Time passes when the test says so: whatever the machine does meanwhile, nobody is too late.
    let now = performance.now()
    t.mock.method(performance, 'now', () => now)
    const tooLong = async (): Promise<void> => {
      now += 5000
      // Nobody moves the clock while nobody is watched.
      await until(() => clock.now === now || server.connections === 0)
    }
    const chunk = Buffer.alloc(1_000_000, 97)
    let begun = 0
    const { port, server } = await started(
      exchange => {
        begun++
        exchange.writeHead(200, 'OK', new HeaderBlock(), chunk.length * 40)
        for (let i = 0; i < 40; i++) exchange.writeBody(chunk)
        exchange.end()
      },
      { writeTimeout: 300, keepAliveTimeout: 300 },
    )
    const deaf = net.connect(port, '127.0.0.1')
    deaf.on('error', () => {})
    deaf.pause()
    deaf.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await until(() => begun === 1)
    // What the kernels hold counts as taken, until they are full.
    for (let i = 0; i < 20 && server.connections > 0; i++) await tooLong()
    assert.equal(server.connections, 0)
    deaf.destroy()
    const slow = net.connect(port, '127.0.0.1')
    let got = 0
    let wanted = 0
    slow.on('data', bytes => {
      got += bytes.length
      if (got > wanted) slow.pause()
    })
    slow.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    await until(() => begun === 2)
    for (let round = 0; round < 5; round++) {
      wanted = got + 3_000_000
      slow.resume()
      await until(() => got > wanted)
      // The server gets its turns to see that something was taken.
      for (let turn = 0; turn < 50; turn++) await new Promise(done => setImmediate(done))
      await tooLong()
      assert.equal(server.connections, 1, `given up in round ${round}`)
    }
    wanted = Number.POSITIVE_INFINITY
    slow.resume()
    await new Promise(done => slow.on('close', done))
    assert.ok(got > 40_000_000, `${got} bytes`)
  })
})

describe('an answer before the end of the upload', () => {
  it('reaches a client that sends on for longer than it takes to close', { timeout: 30_000 }, async () => {
    const { port } = await started(say('too large', 413))
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).pause()
    const errors: Error[] = []
    socket.on('error', error => errors.push(error))
    socket.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${1024 ** 3}\r\n\r\n`)
    for (let i = 0; i < 8; i++) {
      await new Promise(resolve => setTimeout(resolve, 500))
      socket.write(Buffer.alloc(10_000))
    }
    let text = ''
    socket.on('data', chunk => (text += chunk))
    socket.resume()
    await until(() => text.includes('too large'))
    socket.destroy()
    assert.deepEqual(statuses(text), ['413'])
    assert.deepEqual(errors, [])
  })
})

describe('a head that drips', () => {
  it('costs no more than its length', async () => {
    const { port } = await started(say('x'), { headTimeout: 20_000, maxHeaderValue: 60_000 })
    const socket = net.connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nA: ')
    const before = process.cpuUsage().user
    for (let i = 0; i < 5000; i++) {
      socket.write('xxxxxxxxxx')
      if (i % 50 === 0) await new Promise(done => setImmediate(done))
    }
    socket.write('\r\nConnection: close\r\n\r\n')
    const answer = await new Promise(done =>
      socket.once('data', bytes => done(bytes.toString('latin1', 0, 12))),
    )
    assert.equal(answer, 'HTTP/1.1 200')
    assert.ok(process.cpuUsage().user - before < 2_000_000)
    socket.destroy()
  })
})

describe('an upgrade', () => {
  const accept = (exchange: ServerExchange): void => {
    const stream = exchange.acceptUpgrade(HeaderBlock.from([['X-Ok', 'y']]))
    stream.on('data', (bytes: Buffer) => stream.write(bytes.toString('latin1').toUpperCase()))
    stream.on('end', () => stream.end('bye'))
  }
  const ask = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: Thing/1\r\n\r\n'

  it('gives the bytes that came with the request to the new protocol, accepted at once or later', async () => {
    for (const wait of [-1, 20]) {
      const { port } = await started(exchange => {
        if (wait < 0) accept(exchange)
        else setTimeout(() => accept(exchange), wait)
      })
      const text = await talk(port, [`${ask}first `, 'second'], { end: true, pause: 50 })
      assert.equal(
        text,
        'HTTP/1.1 101 Switching Protocols\r\nX-Ok: y\r\nConnection: Upgrade\r\nUpgrade: thing/1\r\n\r\nFIRST SECONDbye',
      )
    }
  })

  it('delivers everything written before the end', async () => {
    const { port } = await started(exchange => {
      const stream = exchange.acceptUpgrade(new HeaderBlock())
      stream.resume()
      stream.on('end', () => {
        stream.write(Buffer.alloc(3_000_000, 98))
        stream.end()
      })
    })
    const text = await talk(port, [ask], { end: true })
    assert.equal(text.length - text.indexOf('\r\n\r\n') - 4, 3_000_000)
  })

  it('counts as a connection and ends with the server', async () => {
    const { port, server } = await serve(accept)
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(ask)
    await new Promise(done => socket.once('data', done))
    assert.equal(server.connections, 1)
    await server.drain(50)
    await new Promise(done => socket.once('close', done))
    await until(() => server.connections === 0)
  })

  it('is not offered with a body or for HTTP itself', async () => {
    const offers: (string | null)[] = []
    const { port } = await started(exchange => {
      offers.push(exchange.upgrade)
      echo(exchange)
    })
    await talk(port, [
      'POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    ])
    assert.deepEqual(offers, [null, null])
  })
})
