/** The table of kinds with very many entities against what a sorted list would hold. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { apikey } from '../model/kinds/apikey.ts'
import { SharedTexts } from '../revision/shared-texts.ts'
import { IndexedEntity } from './indexed-entity.ts'
import { SharedTable } from './shared-table.ts'

const PREFIX = 'otoroshi:apikey:coll:'
const json = (id: string, name: unknown) => JSON.stringify({ clientId: id, clientName: name, n: 1 })
const entity = (id: string, name: unknown, revision = 1) =>
  new IndexedEntity(apikey, id, PREFIX + id, json(id, name), revision, true)
const ids = (entities: Iterable<IndexedEntity>) => Array.from(entities, ({ id }) => id)

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('set' as const), id: fc.integer({ max: 300, min: 0 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('delete' as const), id: fc.integer({ max: 300, min: 0 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom('list' as const, 'prepare' as const), id: fc.nat() }),
  },
)

describe('a table of very many entities', () => {
  it('lists in the order of the ids what a map would hold, whatever comes and goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 300 })),
        fc.array(step, { maxLength: 200 }),
        async (first, steps) => {
          const table = new SharedTable(apikey, PREFIX)
          const model = new Map<string, string>()
          const pending: Promise<void>[] = []
          for (const n of first) {
            table.load(`k${n}`, json(`k${n}`, 'first'), 1)
            model.set(`k${n}`, json(`k${n}`, 'first'))
          }
          for (const [i, { op, id: n }] of steps.entries()) {
            const id = `k${n}`
            if (op === 'set') {
              table.set(entity(id, `name ${i}`))
              model.set(id, json(id, `name ${i}`))
            } else if (op === 'delete') {
              table.delete(entity(id, ''))
              model.delete(id)
            } else if (op === 'prepare') pending.push(table.prepare())
            else assert.deepEqual(ids(table.list()), [...model.keys()].sort())
          }
          await Promise.all(pending)
          const order = [...model.keys()].sort()
          assert.deepEqual(ids(table.list()), order)
          assert.equal(table.size, model.size)
          assert.deepEqual(ids(table.page(3, 9)), order.slice(3, 9))
          for (const id of order) assert.equal(table.get(PREFIX + id)!.json, model.get(id))
          const reader = new SharedTexts(table.texts.memory)
          for (let n = 0; n <= 300; n++) assert.equal(reader.get(`k${n}`), model.get(`k${n}`))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('sorts what was loaded in turns, with changes in between', async () => {
    const table = new SharedTable(apikey, PREFIX)
    const model = new Set<string>()
    for (let i = 0; i < 60_000; i++) {
      const id = `k${(Math.imul(i, 2654435761) >>> 0).toString(36)}`
      table.load(id, json(id, 'loaded'), 1)
      model.add(id)
    }
    let turns = 0
    const preparing = table.prepare().then(() => (turns = -turns))
    const gone = [...model].filter((_, i) => i % 97 === 0)
    for (const id of gone) {
      table.delete(entity(id, ''))
      model.delete(id)
      table.set(entity(`new-${id}`, 'new'))
      model.add(`new-${id}`)
      if (turns >= 0 && turns++ % 10 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await preparing
    assert.deepEqual(ids(table.list()), [...model].sort())
    assert.deepEqual(ids(table.page(100, 103)), [...model].sort().slice(100, 103))
  })

  it('keeps a list as it was while the table changes', () => {
    const table = new SharedTable(apikey, PREFIX)
    for (let i = 0; i < 100; i++) table.set(entity(`k${i}`, 'before'))
    const list = table.list()
    for (let i = 0; i < 100; i += 2) table.delete(entity(`k${i}`, ''))
    for (let i = 1; i < 100; i += 2) table.set(entity(`k${i}`, 'x'.repeat(50_000)))
    for (let i = 0; i < 1000; i++) table.set(entity('churn', 'y'.repeat(60_000 + i)))
    assert.equal(list.length, 100)
    for (const found of list) assert.equal(found.json, json(found.id, 'before'))
    assert.equal(list.at(-1)!.id, 'k99')
    assert.equal(list.at(100), undefined)
    assert.deepEqual(ids(list.slice(1, 3)), ['k1', 'k10'])
  })

  it('finds by a field every entity that has the text, in any spelling, and few others', async () => {
    const table = new SharedTable(apikey, PREFIX)
    const texts: Record<string, string> = {
      spaced: '{"clientId":"spaced", "clientName" : "wanted"}',
      escaped: '{"clientId":"escaped","clientName":"w\\u0061nted"}',
      twice: '{"clientId":"twice","metadata":{"clientName":"other"},"clientName":"wanted"}',
      inner: '{"clientId":"inner","metadata":{"clientName":"wanted"},"clientName":"other"}',
      absent: '{"clientId":"absent"}',
      number: '{"clientId":"number","clientName":7}',
    }
    for (let i = 0; i < 6000; i++) table.set(entity(`k${i}`, `name ${i}`))
    table.set(entity('plain', 'wanted'))
    table.set(entity('umlaut', 'größe "x"'))
    for (const [id, text] of Object.entries(texts))
      table.set(new IndexedEntity(apikey, id, PREFIX + id, text, 1))
    const found = ids((await table.having('clientName', 'wanted'))!)
    for (const id of ['plain', 'spaced', 'escaped', 'twice']) assert.ok(found.includes(id), id)
    assert.ok(found.length < 12, found.join())
    assert.deepEqual(found, [...found].sort())
    // Later writes are known too.
    table.set(entity('k7', 'wanted'))
    table.set(entity('plain', 'no more'))
    table.delete(entity('spaced', ''))
    table.set(entity('late', 'wanted'))
    const again = ids((await table.having('clientName', 'wanted'))!)
    for (const [id, there] of Object.entries({ k7: true, plain: false, spaced: false, late: true }))
      assert.equal(again.includes(id), there, id)
    assert.ok(ids((await table.having('clientName', 'größe "x"')) ?? table.list()).includes('umlaut'))
    assert.deepEqual(ids((await table.having('clientId', 'late'))!), ['late'])
    assert.deepEqual(ids((await table.having('clientId', 'nobody'))!), [])
  })

  it('finds by a part of a field every entity that holds it, whatever its case and however often it changed', async () => {
    const table = new SharedTable(apikey, PREFIX)
    const names = new Map<string, string>()
    const put = (id: string, name: string) => {
      table.set(entity(id, name))
      names.set(id, name)
    }
    for (let i = 0; i < 9000; i++) put(`k${i}`, `Consumer ${i}`)
    put('accent', 'CAFÉ Noir')
    put('quoted', 'a "Noir" name')
    table.set(
      new IndexedEntity(
        apikey,
        'rival',
        `${PREFIX}rival`,
        '{"clientId":"rival","clientName":"x","clientname":"noir"}',
        1,
      ),
    )
    const check = async (...texts: string[]) => {
      const found = ids((await table.holding('clientName', texts))!)
      const wanted = [...names].filter(([, name]) => texts.some(text => name.toLowerCase().includes(text)))
      for (const [id] of wanted) assert.ok(found.includes(id), `${texts.join('|')}: ${id}`)
      assert.ok(found.length <= wanted.length + 2, `${texts.join('|')}: ${found.length}`)
      assert.deepEqual(found, [...found].sort())
      return found
    }
    assert.ok((await check('noir')).includes('rival'), 'the other spelling counts first')
    await check('consumer 59')
    await check('café', 'consumer 4242')
    // Written again and again: rows of before are neither found nor kept.
    for (let round = 0; round < 4; round++)
      for (let i = 0; i < 9000; i += 2) put(`k${i}`, `Customer ${round} ${i}`)
    for (let i = 1; i < 9000; i += 4) {
      table.delete(entity(`k${i}`, ''))
      names.delete(`k${i}`)
    }
    await check('consumer')
    await check('customer 3 5')
    assert.deepEqual(await check('customer 1 44'), ['quoted', 'rival'], 'only what must be parsed')
    assert.equal(await table.holding('clientName', ['']), null)
    assert.equal(await table.holding('description', ['x']), null, 'nobody has it as a text')
  })
})
