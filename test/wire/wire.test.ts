import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DEFAULT_LIMITS, Http1Pool, HttpServer } from '../../src/http/index.ts'
import { startBackend, type WireBackend } from './backend.ts'
import { runInMemory } from './memory.ts'
import { proxy } from './proxy.ts'
import { compare, corpus, plain, runCorpus, statuses } from './run.ts'

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
