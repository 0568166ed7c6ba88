import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { Connection, DirectoryDown } from './connection.ts'
import { openSocket, readAddress } from './secure-socket.ts'

const servers: net.Server[] = []
after(() => {
  for (const server of servers) server.close()
})

/** A server that answers the first bytes of a client as `answer` does. */
async function server(answer: (socket: Socket) => void): Promise<number> {
  const made = net.createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  servers.push(made)
  await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
  return (made.address() as AddressInfo).port
}

const starting = (port: number) => openSocket({ host: '127.0.0.1', port, tls: 'start' }, {}, 5_000)

/** An extended response: message 1 with this result code. */
const response = (code: number) =>
  Buffer.from([0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, code, 0x04, 0x00, 0x04, 0x00])

describe('StartTLS', () => {
  it('believes nothing that came in clear behind the answer', async () => {
    // The beginning of a message that would swallow what comes over TLS then.
    const injected = Buffer.from([0x30, 0x84, 0x00, 0x00, 0x01, 0x00])
    const port = await server(socket => socket.write(Buffer.concat([response(0), injected])))
    await assert.rejects(() => starting(port), /more in clear/)
  })

  it('that the server refuses is the end: nothing is said in clear', async () => {
    const heard: Buffer[] = []
    const port = await server(socket => {
      socket.on('data', (chunk: Buffer) => heard.push(chunk))
      socket.write(response(2))
    })
    await assert.rejects(() => starting(port), /refuses/)
    assert.equal(heard.length, 0)
  })

  it('is not waited for without end, nor for an answer without end', async () => {
    const silent = await server(() => {})
    await assert.rejects(
      () => openSocket({ host: '127.0.0.1', port: silent, tls: 'start' }, {}, 100),
      /in time|closed/,
    )
    const long = Buffer.concat([Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(20_000)])
    const endless = await server(socket => socket.write(long))
    await assert.rejects(() => starting(endless), /too long/)
    const gone = await server(socket => socket.destroy())
    await assert.rejects(() => starting(gone))
  })
})

describe('an address of a directory', () => {
  it('says how it is spoken to', () => {
    assert.deepEqual(readAddress('ldap://a.test', false), { host: 'a.test', port: 389, tls: 'none' })
    assert.deepEqual(readAddress('ldap://a.test:1389', true), { host: 'a.test', port: 1389, tls: 'start' })
    assert.deepEqual(readAddress('ldaps://[::1]', true), { host: '::1', port: 636, tls: 'always' })
    for (const bad of ['', 'a.test', 'http://a.test', 'ldap://', 'ldap://u@a.test'])
      assert.throws(() => readAddress(bad, false), /serverUrls/, bad)
  })
})

describe('a connection', () => {
  it('is closed when an answer does not end', async () => {
    const port = await server(socket => {
      socket.write(Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]))
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      }
      socket.on('drain', more)
      more()
    })
    const socket = await openSocket({ host: '127.0.0.1', port, tls: 'none' }, {}, 5_000)
    const connection = await Connection.over(socket, 30_000)
    await assert.rejects(() => connection.bind({ name: 'cn=a', password: 'x' }), DirectoryDown)
    assert.equal(connection.usable, false)
  })

  it('is never opened again behind anybody’s back', async () => {
    const port = await server(socket => socket.destroy())
    const socket = await openSocket({ host: '127.0.0.1', port, tls: 'none' }, {}, 5_000)
    const connection = await Connection.over(socket, 5_000)
    await assert.rejects(() => connection.bind({ name: 'cn=a', password: 'x' }), DirectoryDown)
    await assert.rejects(() => connection.search('', 1, {}), /over/)
  })
})
