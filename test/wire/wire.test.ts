import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  DEFAULT_LIMITS,
  HeaderBlock,
  Http1Pool,
  HttpServer,
  type MessageFault,
  messageFaults,
} from '../../src/http/index.ts'
import { startBackend, type WireBackend } from './backend.ts'
import { runInMemory } from './memory.ts'
import { proxy } from './proxy.ts'
import { compare, corpus, exchange, plain, runCorpus, statuses } from './run.ts'

const cases = corpus()

describe('the wire corpus', () => {
  let backend: WireBackend
  let pool: Http1Pool
  let server: HttpServer
  let port = 0

  before(async () => {
    backend = await startBackend()
    pool = new Http1Pool(
      { host: '127.0.0.1', port: backend.port, tls: null, address: null, proxy: null, protocol: 11 },
      { maxConnections: 100, maxIdle: 10, idleTimeout: 5000, maxQueue: 10, http: DEFAULT_LIMITS },
    )
    server = new HttpServer({
      port: 0,
      host: '127.0.0.1',
      listener: 'wire',
      limits: DEFAULT_LIMITS,
      handler: proxy(() => pool),
    })
    port = await server.listen()
  })
  after(async () => {
    await server.drain(0)
    pool.destroy()
    await backend.stop()
  })

  it('has four hundred cases and more, each with a name of its own', () => {
    assert.ok(cases.length >= 400, `${cases.length} cases`)
    const names = cases.map(one => `${one.file} ${one.name}`)
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    )
  })

  it('comes out as written, over sockets', async () => {
    const faults = await runCorpus({ host: '127.0.0.1', port }, backend, { cases })
    assert.deepEqual(faults, [])
  })

  it('gets the fields of the owner on every answer that the engine makes itself, and on no other', async () => {
    const faults: MessageFault[] = []
    const reporting = new HttpServer({
      port: 0,
      host: '127.0.0.1',
      listener: 'wire',
      limits: DEFAULT_LIMITS,
      handler: proxy(() => pool),
      onRefusal(fault) {
        faults.push(fault.fault)
        return HeaderBlock.from([['X-Fault', fault.fault]])
      },
    })
    const target = { host: '127.0.0.1', port: await reporting.listen() }
    const seen = new Set<MessageFault>()
    const wrong: string[] = []
    for (const one of cases.filter(({ statuses }) => statuses.some(status => status >= 400))) {
      const script = backend.begin(one)
      faults.length = 0
      const client = await exchange(target, one)
      for (const fault of faults) seen.add(fault)
      // What a case expects, with the new field behind that of the engine's plain text.
      const named = [...client.matchAll(/HTTP\/1\.1 (\d+) [^\r]*\r\n(?:[^\r]+\r\n)*?X-Fault: (\w+)\r\n/g)]
      const fitting = named.every(
        ([, status, fault]) => messageFaults[fault as MessageFault] === Number(status),
      )
      const bare = client.replace(/^X-Fault: .*\r\n/gm, '')
      const texts =
        bare.match(/^Content-Type: text\/plain\r\nContent-Length: \d+\r\nConnection: close\r\n/gm) ?? []
      const fault = compare(one, { client: bare, backend: script.heard })
      if (fault !== null || !fitting || named.length !== texts.length || named.length !== faults.length)
        wrong.push(`${one.file}, ${one.name}: ${fault ?? JSON.stringify(client)}`)
    }
    await reporting.drain(0)
    assert.deepEqual(wrong, [])
    // Tested beside the server: the corpus knows neither time-outs nor limits of bodies. Bad answers are not refused but reported.
    const others = new Set<string>(['head_timeout', 'body_too_large', 'bad_response'])
    assert.deepEqual(
      [...seen].sort(),
      Object.keys(messageFaults)
        .filter(fault => !others.has(fault))
        .sort(),
    )
  })

  it('comes out the same when the client’s bytes are cut at every place', () => {
    const faults: string[] = []
    let cuts = 0
    for (const one of cases) {
      if (one.statuses.includes(101)) continue
      const step = Math.ceil(one.send.length / 400)
      for (let cut = 0; cut < one.send.length; cut += step) {
        cuts++
        const outcome = runInMemory(one, cut)
        const fault = compare(one, outcome, cut === 0)
        if (fault !== null) {
          faults.push(`${one.file}, ${one.name}, cut at ${cut}: ${fault}`)
          break
        }
      }
    }
    assert.deepEqual(faults, [])
    assert.ok(cuts > cases.length * 30)
  })

  it('comes out the same when the backend’s bytes are cut at every place', () => {
    const faults: string[] = []
    for (const one of cases) {
      const reply = one.replies[0]
      if (reply === undefined || one.statuses.includes(101)) continue
      const whole = runInMemory(one, 0)
      const step = Math.ceil(reply.bytes.length / 400)
      for (let cut = 1; cut < reply.bytes.length; cut += step) {
        const outcome = runInMemory(one, 0, cut)
        const same =
          statuses(outcome.client).join() === statuses(whole.client).join() &&
          plain(outcome.backend) === plain(whole.backend) &&
          (whole.client.includes('chunked') || outcome.client.length === whole.client.length)
        if (!same) {
          faults.push(`${one.file}, ${one.name}, reply cut at ${cut}: ${JSON.stringify(outcome.client)}`)
          break
        }
      }
    }
    assert.deepEqual(faults, [])
  })
})
