/** What was asked for, and what was answered: all that a client knows when the gateway is gone. */
import type { Operation } from './operations.ts'

export interface Asked {
  /** Counts from 0. */
  readonly number: number
  readonly operation: Operation
  /** `refused`: answered that nothing was done. */
  state: 'open' | 'done' | 'refused'
  /** Lines of a bulk that were answered as done. */
  readonly linesDone: Set<number>
}

export class Ledger {
  readonly all: Asked[] = []
  /** Answered writes: a line of a bulk is one, an import is one. */
  acknowledged = 0

  ask(operation: Operation): Asked {
    const asked: Asked = { number: this.all.length, operation, state: 'open', linesDone: new Set() }
    this.all.push(asked)
    return asked
  }

  done(asked: Asked): void {
    asked.state = 'done'
    if (asked.operation.action !== 'bulk') this.acknowledged++
  }

  refused(asked: Asked): void {
    asked.state = 'refused'
  }

  lineDone(asked: Asked, line: number): void {
    asked.linesDone.add(line)
    this.acknowledged++
  }
}
