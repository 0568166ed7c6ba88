/** A hundred thousand routes: one of them is changed as fast as if it were alone. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { call } from '../support/http.ts'
import { Durations } from '../support/storm/durations.ts'
import { Editor } from '../support/storm/editor.ts'
import { Edits, seeded } from '../support/storm/edits.ts'
import { saying, StormBackend } from '../support/storm/scenery.ts'

const ROUTES = 100_000
/** Routes created with one call. */
const LINES = 5_000
const EDITS = 60
/** Milliseconds until an edit must show. */
const VISIBLE = 100

let gateway: TestGateway
let backend: StormBackend

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await StormBackend.start()
})
after(async () => {
  await gateway.stop()
  backend.close()
})

/** Creates routes `many-<from>` to `many-<to - 1>`. */
async function create(from: number, to: number): Promise<void> {
  const lines = Array.from({ length: to - from }, (_, i) => {
    const id = `many-${from + i}`
    return `${JSON.stringify(saying(id, id, backend.port))}\n`
  })
  const type = { 'Content-Type': 'application/x-ndjson' }
  const answer = await gateway.admin('POST', '/apis/proxy.otoroshi.io/v1/routes/_bulk', lines.join(''), type)
  assert.equal(answer.status, 200, answer.text)
  const created = answer.text.split('\n').filter(line => line.includes('"created":true')).length
  assert.equal(created, to - from, answer.text.slice(0, 500))
}

describe(`${ROUTES} routes`, () => {
  it('are created over the admin API and serve', async () => {
    for (let from = 0; from < ROUTES; from += LINES) await create(from, from + LINES)
    for (let i = 0; i < ROUTES; i += ROUTES / 50) {
      const { status, body } = await call(gateway.port, `http://many-${i}.test/`)
      assert.deepEqual([status, body], [200, `many-${i}`])
    }
  })

  it(`let every change of one show within ${VISIBLE} ms`, async () => {
    const editor = await Editor.open(gateway.port)
    const edits = new Edits('among-many', backend.port, seeded(7))
    for (const edit of edits.first()) assert.equal((await editor.make(edit)).fault, null)
    const durations = new Durations()
    for (let i = 0; i < EDITS; i++) {
      const edit = edits.next()
      const { fault, sinceSending } = await editor.make(edit)
      assert.equal(fault, null)
      if (!Number.isNaN(sinceSending)) durations.add(sinceSending)
    }
    editor.close()
    assert.ok(durations.count > EDITS / 2)
    assert.ok(durations.at(1) < VISIBLE, String(durations))
  })
})
