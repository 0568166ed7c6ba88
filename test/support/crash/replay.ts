/**
 * What a store must hold after a crash, told from its history: the changes in their order, one after the other, must lead
 * from each state to the next and end in what is there.
 */
import assert from 'node:assert/strict'
import { History } from '../../../src/control/history/history.ts'
import type { LogRecord } from '../../../src/control/history/change-record.ts'
import type { Store } from '../../../src/store/contract.ts'
import type { Asked, Ledger } from './ledger.ts'
import { type Line, markIn, prefix } from './operations.ts'

/** Where entities of crash tests lie. */
export const places = /^(?:routes|apikey:coll):/

export class Replay {
  /** Texts by key without the root. */
  readonly entities = new Map<string, string>()
  /** Imports that were found. */
  imports = 0
  #last = 0
  /** `<id> <mark>` of every write that was found. */
  readonly #written = new Set<string>()
  readonly #removals = new Map<string, number>()

  /** Takes what is new in the history. Throws where it does not lead from state to state, or not to what is stored. */
  async take(store: Store, ledger: Ledger): Promise<void> {
    const history = new History({ store, root: 'otoroshi', versions: 0, total: 0, maxAge: 0 })
    const records: LogRecord[] = []
    for await (const record of history.records()) {
      if (record.number <= this.#last) break
      records.push(record)
    }
    for (const record of records.reverse()) {
      assert.ok(record.number > this.#last, 'numbers grow')
      this.#last = record.number
      if (record.action === 'import') await this.#takeImport(history, record.number, ledger)
      else {
        const states = await history.states(record)
        assert.ok(states !== null, `version ${record.number} of ${record.place} has no states`)
        this.#step(record.place, states.before, states.after)
        if (record.action === 'delete')
          this.#removals.set(record.id, (this.#removals.get(record.id) ?? 0) + 1)
        const versions = await store.get(history.keys.change(record.place, record.number))
        assert.ok(versions !== null, `version ${record.number} is not found under its entity`)
      }
    }
    await this.#compare(store)
  }

  async #takeImport(history: History, number: number, ledger: Ledger): Promise<void> {
    this.imports++
    const marks = new Set<string>()
    for await (const parts of history.imported(number))
      for (const part of parts) {
        assert.ok(part !== null, `a part of import ${number} cannot be read`)
        this.#step(part.key.slice('otoroshi:'.length), part.before, part.after)
        const mark = part.after === null ? null : markIn(part.after)
        if (mark !== null) marks.add(mark)
      }
    assert.equal(marks.size, 1, `import ${number} holds marks ${[...marks]}`)
    const [mark] = marks
    const lines = ledger.all
      .map(({ operation }) => (operation.action === 'import' ? operation.lines : []))
      .find(some => some[0]?.mark === mark)
    const there = [...this.entities].filter(([place]) => place.includes(prefix))
    assert.deepEqual(
      there.map(([place, text]) => `${idIn(place)} ${markIn(text)}`).sort(),
      lines?.map(nameOf).sort(),
      'an import leaves what it held, and nothing else',
    )
  }

  #step(place: string, before: string | null, after: string | null): void {
    const known = this.entities.get(place) ?? null
    assert.ok(known === before, `${place}: a change does not begin where the one before it ended`)
    if (after === null) this.entities.delete(place)
    else this.entities.set(place, after)
    const mark = after === null ? null : markIn(after)
    if (mark === null) return
    const name = nameOf({ id: idIn(place), mark })
    assert.ok(!this.#written.has(name), `${name} was written twice`)
    this.#written.add(name)
  }

  async #compare(store: Store): Promise<void> {
    const stored = new Map<string, string>()
    for (const kind of ['routes', 'apikey:coll'])
      for await (const entries of store.scan(`otoroshi:${kind}:`))
        for (const { key, value } of entries) stored.set(key.slice('otoroshi:'.length), value)
    this.compareWith(stored)
  }

  /** Throws unless these are the entities. Texts by key without the root. */
  compareWith(stored: ReadonlyMap<string, string>): void {
    const expected = [...this.entities].filter(([place]) => places.test(place))
    assert.deepEqual([...stored.keys()].sort(), expected.map(([place]) => place).sort())
    for (const [place, text] of expected)
      assert.ok(stored.get(place) === text, `${place} is not what its last version says`)
  }

  /** Throws unless everything that was answered was found, and nothing that was refused; `ledger` holds all there is. */
  account(ledger: Ledger): void {
    const removals = new Map<string, number>()
    for (const asked of ledger.all) {
      const { operation, state } = asked
      if (operation.action === 'remove') {
        if (state === 'done') removals.set(operation.id, (removals.get(operation.id) ?? 0) + 1)
      } else if (operation.action === 'bulk') this.#accountLines(asked, operation.lines)
      else {
        const lines = operation.action === 'import' ? operation.lines : [operation.line]
        const found = lines.filter(line => this.#written.has(nameOf(line))).length
        assert.ok(found === 0 || found === lines.length, `${found} of ${lines.length} lines of an import`)
        if (state === 'done') assert.ok(found > 0, `${nameOf(lines[0]!)} was acknowledged and is lost`)
        if (state === 'refused') assert.equal(found, 0, `${nameOf(lines[0]!)} was refused and is there`)
      }
    }
    for (const [id, count] of removals)
      assert.ok((this.#removals.get(id) ?? 0) >= count, `a removal of ${id} was acknowledged and is lost`)
  }

  /** Lines are written in their order: those found are the first ones, among them all that were answered. */
  #accountLines({ linesDone }: Asked, lines: readonly Line[]): void {
    const found = lines.map(line => this.#written.has(nameOf(line)))
    const count = found.filter(Boolean).length
    assert.ok(found.slice(0, count).every(Boolean), 'a bulk has a hole')
    for (const line of linesDone)
      assert.ok(found[line], `${nameOf(lines[line]!)} was acknowledged and is lost`)
  }
}

function idIn(place: string): string {
  return place.slice(place.lastIndexOf(':') + 1)
}

function nameOf({ id, mark }: Line): string {
  return `${id} ${mark}`
}
