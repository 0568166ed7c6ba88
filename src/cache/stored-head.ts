/** The head of an answer that is kept: what is written down of it, and what follows from that. */
import { type Field, type Fields, fieldsOf } from './fields.ts'
import { type Life, lifeOf } from './freshness.ts'
import type { ContentRange } from './ranges.ts'

/** What is written down. Times in epoch milliseconds. */
export interface HeadFacts {
  readonly status: number
  readonly fields: readonly Field[]
  /** When the request was sent and the head came, or was confirmed last. */
  readonly asked: number
  readonly arrived: number
  /** Fields of requests it was selected by. */
  readonly selected: readonly Field[]
  /** Of a partial answer, where its bytes belong. */
  readonly part: ContentRange | null
}

export class StoredHead {
  readonly facts: HeadFacts
  readonly fields: Fields
  readonly life: Life

  constructor(facts: HeadFacts) {
    this.facts = facts
    this.fields = fieldsOf(facts.fields)
    this.life = lifeOf(facts.status, this.fields, facts.asked, facts.arrived)
  }

  /** Milliseconds (RFC 9111, 4.2.3). */
  age(now: number): number {
    return this.life.initialAge + Math.max(0, now - this.facts.arrived)
  }

  /** Value of a field that must be there once; undefined otherwise. */
  value(name: string): string | undefined {
    const values = this.fields.getAll(name)
    return values.length === 1 ? values[0] : undefined
  }
}

/** Fields that are about the connection or the body as it came, and stay as they are (RFC 9111, 3.2). */
const KEPT = new Set(['content-length', 'content-encoding', 'content-range', 'vary'])

/** The fields after an answer that confirms them: those it names are replaced. */
export function confirmed(kept: readonly Field[], fresh: readonly Field[]): Field[] {
  const replaced = fresh.filter(([name]) => !KEPT.has(name.toLowerCase()))
  const names = new Set(replaced.map(([name]) => name.toLowerCase()))
  const age = new Set(['age', 'warning'])
  const rest = kept.filter(([name]) => !names.has(name.toLowerCase()) && !age.has(name.toLowerCase()))
  return [...rest, ...replaced]
}
