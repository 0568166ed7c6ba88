import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SharedTexts } from './shared-texts.ts'
import { SharedTextsWriter } from './shared-texts-writer.ts'

function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
}

describe('shared texts', () => {
  it('hold what a map would hold, whatever comes and goes', () => {
    const random = randomNumbers(11)
    const writer = new SharedTextsWriter()
    const reader = new SharedTexts(writer.memory)
    const model = new Map<string, { text: string; revision: number; complete: boolean }>()
    const ids = Array.from({ length: 3000 }, (_, i) =>
      i % 10 === 0 ? `ключ-${i}` : i % 17 === 0 ? `é${i}` : `key-${i}`,
    )
    for (let step = 1; step < 60_000; step++) {
      const id = ids[random(step < 30_000 ? 3000 : 300)]!
      if (random(3) === 0) {
        const entry = writer.delete(id)
        assert.equal(entry >= 0, model.delete(id))
        if (entry >= 0) writer.recycle(entry)
      } else {
        const filling = ['x', 'ä', '€', '😀'][random(4)]!.repeat(random(random(20) === 0 ? 30_000 : 60))
        const value = { text: `${id} ${step} ${filling}`, revision: step, complete: random(2) === 0 }
        writer.set(id, value.text, value.revision, value.complete)
        model.set(id, value)
      }
      assert.equal(reader.get(id), model.get(id)?.text)
      assert.equal(writer.size, model.size)
    }
    for (const id of ids) {
      const entry = writer.find(id)
      const wanted = model.get(id)
      assert.equal(reader.get(id), wanted?.text)
      assert.equal(writer.get(id), wanted?.text)
      if (wanted === undefined) assert.equal(entry, -1)
      else {
        assert.deepEqual(writer.read(entry), { id, ...wanted })
        assert.equal(writer.idOf(entry), id)
        const { bytes, start, end } = writer.span(entry)!
        assert.equal(bytes.toString('utf8', start, end), wanted.text)
      }
    }
    assert.equal(reader.get('nobody'), undefined)
  })

  it('use the room of what is gone again', () => {
    const writer = new SharedTextsWriter()
    const reader = new SharedTexts(writer.memory)
    for (let i = 0; i < 4000; i++) {
      writer.set(`id-${i % 50}`, `${i} ${'x'.repeat(100_000)}`, i, true)
      writer.set(`fresh-${i}`, 'short', i, true)
      writer.recycle(writer.delete(`fresh-${i}`))
    }
    for (let i = 3950; i < 4000; i++) assert.equal(reader.get(`id-${i % 50}`)?.split(' ')[0], String(i))
    // 400 MB were written; 5 MB of them count.
    assert.ok(writer.memory.texts.byteLength <= 112 * 2 ** 20, String(writer.memory.texts.byteLength))
    assert.ok(writer.memory.entries.byteLength <= 4096, String(writer.memory.entries.byteLength))
    assert.ok(writer.memory.slots.byteLength <= 32_768, String(writer.memory.slots.byteLength))
    assert.equal(writer.size, 50)
  })

  it('stay where they are while somebody retains them', () => {
    const writer = new SharedTextsWriter()
    for (let i = 0; i < 50; i++) writer.set(`id-${i}`, `first ${'x'.repeat(100_000)}`, i, true)
    const holder = { units: Array.from({ length: 50 }, (_, i) => writer.unitOf(writer.find(`id-${i}`))) }
    writer.retain(holder)
    for (let i = 0; i < 2000; i++) writer.set(`id-${i % 50}`, `${i} ${'x'.repeat(100_000)}`, i, true)
    for (const [i, unit] of holder.units.entries()) {
      const { id, text } = writer.readAt(unit)
      assert.deepEqual([id, text.slice(0, 6)], [`id-${i}`, 'first '])
    }
  })

  it('that are not there yet are asked for while the store is read, and only then', () => {
    const writer = new SharedTextsWriter()
    const asked: string[] = []
    const reader = new SharedTexts(writer.memory, id => {
      asked.push(id)
      if (id.startsWith('stored')) writer.set(id, `text of ${id}`, 1, false)
    })
    assert.equal(reader.get('stored-1'), undefined)
    writer.reading = true
    assert.equal(reader.get('stored-1'), 'text of stored-1')
    assert.equal(reader.get('stored-1'), 'text of stored-1')
    assert.equal(reader.get('nobody'), undefined)
    writer.reading = false
    assert.equal(reader.get('stored-2'), undefined)
    assert.deepEqual(asked, ['stored-1', 'nobody'])
  })

  it('grow to many, and refuse what is too long with nothing lost', () => {
    const writer = new SharedTextsWriter()
    const reader = new SharedTexts(writer.memory)
    for (let i = 0; i < 200_000; i++) writer.set(`key-${i}`, `text ${i}`, 1, false)
    assert.equal(writer.size, 200_000)
    for (let i = 0; i < 200_000; i += 37) assert.equal(reader.get(`key-${i}`), `text ${i}`)
    assert.throws(() => writer.set('key-1', 'x'.repeat(17 * 2 ** 20), 2, false), RangeError)
    assert.equal(reader.get('key-1'), 'text 1')
    const long = 'ä'.repeat(7 * 2 ** 20)
    writer.set('key-2', long, 2, false)
    assert.equal(reader.get('key-2'), long)
  })

  it('are never torn, missing or older than before for threads that read while they are written', async () => {
    const writer = new SharedTextsWriter()
    const ids = Array.from({ length: 40 }, (_, i) => `shared-${i}`)
    const lengthOf = (number: number) => 20 + ((number * 7919) % 60_000)
    const text = (id: string, number: number) => `${id}|${number}|${'x'.repeat(lengthOf(number))}`
    for (const id of ids) writer.set(id, text(id, 1), 1, true)
    const url = new URL('./testing/reader-thread.ts', import.meta.url)
    const threads = [1, 2].map(() => new Worker(url, { workerData: { memory: writer.memory, ids } }))
    await Promise.all(threads.map(thread => once(thread, 'message')))
    const until = performance.now() + 1500
    let number = 1
    for (; performance.now() < until; number++) {
      writer.set(ids[number % ids.length]!, text(ids[number % ids.length]!, number + 1), number, true)
      // Others come and go around them: tables and segments are exchanged.
      writer.set(`other-${number}`, 'x'.repeat(number % 500), number, true)
      writer.delete(`other-${number - 3000}`)
      if (number % 200 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    const results = await Promise.all(
      threads.map(async thread => {
        const result = once(thread, 'message')
        thread.postMessage('stop')
        return (await result)[0] as Record<string, number>
      }),
    )
    assert.ok(number > 5000, `${number} writes`)
    for (const { reads, ...faults } of results) {
      assert.ok(reads! > 1000)
      assert.deepEqual(faults, { missing: 0, torn: 0, backwards: 0 })
    }
  })
})
