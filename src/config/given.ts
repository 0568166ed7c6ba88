/** What the sources say, before it is judged. */
import type { Raw } from './raw.ts'

/** A value that a source gave. */
export interface Given {
  /** Canonical key of a setting, or a key below `otoroshi.loggers.`. */
  readonly key: string
  /** How its author wrote it: `OTOROSHI_PORT`, `--http-port`, `gateway.conf: http.port`. */
  readonly name: string
  readonly raw: Raw
}

/** What one source gave, weakest first, and what was wrong or odd about it. */
export class Findings {
  readonly given: Given[] = []
  readonly warnings: string[] = []
  readonly faults: string[] = []

  idle(name: string): void {
    this.warnings.push(`setting ${name} has no effect in this version`)
  }
}
